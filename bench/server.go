package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// server is a process that obeys the lines of its stdin and answers each with a line that has one
// number. It starts with the first order, and ends when its stdin does.
type server struct {
	command func(dir string) *exec.Cmd
	dir     string // folder for files of the process, deleted after its exit
	cmd     *exec.Cmd
	orders  io.WriteCloser
	answers *bufio.Reader
}

// ask sends an order and returns the answer.
func (s *server) ask(format string, args ...any) int64 {
	if s.cmd == nil {
		s.start()
	}
	_, err := fmt.Fprintf(s.orders, format+"\n", args...)
	check(err)
	answer, err := s.answers.ReadString('\n')
	check(err)
	n, err := strconv.ParseInt(strings.TrimSpace(answer), 10, 64)
	check(err)
	return n
}

func (s *server) start() {
	var err error
	s.dir, err = os.MkdirTemp("", "brood-bench")
	check(err)
	s.cmd = s.command(s.dir)
	s.cmd.Stderr = os.Stderr
	s.orders, err = s.cmd.StdinPipe()
	check(err)
	answers, err := s.cmd.StdoutPipe()
	check(err)
	s.answers = bufio.NewReader(answers)
	check(s.cmd.Start())
}

// close ends the process, if it was started.
func (s *server) close() {
	if s.cmd == nil {
		return
	}
	check(s.orders.Close())
	check(s.cmd.Wait())
	check(os.RemoveAll(s.dir))
	s.cmd = nil
}

// serve is the other end of a server. An order is a word and some numbers.
func serve(answer func(order string, args []int) int64) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		args := make([]int, len(words)-1)
		for i, word := range words[1:] {
			var err error
			args[i], err = strconv.Atoi(word)
			check(err)
		}
		fmt.Println(answer(words[0], args))
	}
	check(lines.Err())
}
