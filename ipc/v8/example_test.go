package v8_test

import (
	"fmt"
	"time"

	"github.com/brood-go/brood/ipc/v8"
)

func Example() {
	type job struct {
		Name string    `json:"name"`
		Due  time.Time `json:"due"`
		Data []byte    `json:"data"`
		Next *job      `json:"next,omitempty"`
	}
	j := &job{Name: "resize", Due: time.UnixMilli(0), Data: []byte("…")}
	j.Next = j

	p, err := v8.Append(nil, j)
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := v8.Value(p) // As JavaScript would see it,
	if err != nil {
		fmt.Println(err)
		return
	}
	for name, member := range v.(*v8.Object).All() {
		fmt.Printf("%s: %T\n", name, member)
	}
	var again job
	if err := v8.Decode(p, &again); err != nil { // and as Go does.
		fmt.Println(err)
		return
	}
	fmt.Println(again.Name, again.Next == &again)
	// Output:
	// name: string
	// due: time.Time
	// data: []uint8
	// next: *v8.Object
	// resize true
}
