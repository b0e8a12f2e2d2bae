package host_test

import (
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/host"
)

// errTooLong interrupts a script.
var errTooLong = errors.New("it took more than its time")

// limited runs a script that is not trusted, with bounds on its memory and its time, and returns
// its exit code and the report about its end.
func limited(source string, memory int64, most time.Duration) (code int, told string, err error) {
	loop, err := reactor.New(nil)
	if err != nil {
		return 0, "", err
	}
	defer loop.Close()
	h, err := host.New(loop, &host.Options{
		MemoryLimit: memory,
		Report:      func(text string) { told += text },
	})
	if err != nil {
		return 0, "", err
	}
	defer h.Close()
	timer := time.AfterFunc(most, func() { h.Interrupt(errTooLong) }) // on a goroutine of its own
	defer timer.Stop()
	_ = h.MainText(source, nil) // The error was reported, and has ended the script.
	code, err = h.Run()
	return code, told, err
}

// A script over its memory limit gets an error that it can catch. An endless one is interrupted
// from another goroutine, and cannot catch that, whatever it runs: its own code, a regular
// expression, or the wait for a program.
func ExampleHost_Interrupt() {
	for _, row := range []struct {
		source string
		most   time.Duration
	}{
		{"process.exitCode = 5", time.Minute},
		{"const all = []; for (;;) all.push({})", time.Minute},
		{"function fill() { const all = []; for (;;) all.push({}) } try { fill() } catch { process.exitCode = 3 }",
			time.Minute},
		{"for (;;) { try { for (;;); } catch {} finally { continue } }", 20 * time.Millisecond},
		{"/(a+)+b/.exec('a'.repeat(50))", 20 * time.Millisecond},
		{"require('child_process').execSync('sleep 1000')", 20 * time.Millisecond},
	} {
		code, told, err := limited(row.source, 16<<20, row.most)
		if err != nil {
			log.Fatal(err)
		}
		reason, _, _ := strings.Cut(told, "\n")
		if reason == "" {
			reason = "says nothing"
		}
		fmt.Println(code, reason)
	}
	// Output:
	// 5 says nothing
	// 1 InternalError: out of memory: the script may have 16777216 bytes (or it threw null)
	// 3 says nothing
	// 130 it took more than its time
	// 130 it took more than its time
	// 130 it took more than its time
}
