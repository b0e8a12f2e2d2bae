package signals_test

import (
	"fmt"
	"syscall"

	"github.com/brood-go/brood/signals"
)

func Example() {
	fmt.Println(signals.Name(syscall.SIGTERM))

	for _, text := range []string{"SIGKILL", "term", "2", "-1"} {
		s, err := signals.Parse(text)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(int(s), signals.Name(s))
	}

	// Output:
	// SIGTERM
	// 9 SIGKILL
	// 15 SIGTERM
	// 2 SIGINT
	// signals: parse "-1": unknown signal
}
