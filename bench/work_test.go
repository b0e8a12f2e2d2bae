package main

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Every installed peer obeys each order. It checks the output of its children itself.
func TestPeersDoTheirWork(t *testing.T) {
	for _, p := range workPeers() {
		t.Run(p.name, func(t *testing.T) {
			if err := p.missing(); err != nil {
				t.Skipf("%s is missing: %v", p.name, err)
			}
			server := p.server()
			defer server.close()
			for _, order := range []string{
				"spawn 3 1", "spawn 8 4", "shell 2", "gap 2", "stdout 300000 1", "stdout 100000 8", "lines 5000", "stdin 300000",
			} {
				verb, _, _ := strings.Cut(order, " ")
				if _, lacks := p.lacks[verb]; lacks {
					continue
				}
				if took := server.ask("%s", order); took <= 0 {
					t.Errorf("%q took %d ns", order, took)
				}
			}
			const heap = 32 << 20
			if got := server.ask("heap %d", heap); got != heap {
				t.Errorf("the heap is %d bytes", got)
			}
			if got := residentMemory(server.cmd.Process.Pid); got < heap {
				t.Errorf("%d bytes are in memory, less than the heap", got)
			}
		})
	}
}

// A child that fails, or writes too little, is not measured as if it had done its work.
func TestPeersNoticeAChildThatFails(t *testing.T) {
	for _, p := range workPeers() {
		t.Run(p.name, func(t *testing.T) {
			if err := p.missing(); err != nil {
				t.Skipf("%s is missing: %v", p.name, err)
			}
			command, err := p.find()
			if err != nil {
				t.Fatal(err)
			}
			// The program in place of this one ignores its arguments and fails.
			cmd := scriptCommand(command, nop(), "/bin/false", sleeper())
			cmd.Stdin = strings.NewReader("stdout 1000 1\n")
			if out, err := cmd.Output(); err == nil {
				t.Errorf("it succeeds, and answers %q", out)
			}
		})
	}
}

func TestLivingChildrenLiveAndEnd(t *testing.T) {
	for _, s := range livingGrowth(1).contestants {
		if s.at != 10 {
			continue
		}
		t.Run(s.series, func(t *testing.T) {
			if s.missing != nil {
				if err := s.missing(); err != nil {
					t.Skipf("%s is missing: %v", s.series, err)
				}
			}
			i := slices.IndexFunc(workPeers(), func(p workPeer) bool { return p.name == s.series })
			server := workPeers()[i].server()
			defer server.close()
			for _, count := range []int{10, 12, 1} {
				if got := server.ask("living %d", count); got != int64(count) {
					t.Errorf("%d live in place of %d", got, count)
				}
				if got := countChildren(t, server.cmd.Process.Pid); got != count {
					t.Errorf("there are %d children in place of %d", got, count)
				}
			}
			for _, order := range []string{"spawn 2 1", "kills 3"} {
				if took := server.ask("%s", order); took <= 0 {
					t.Errorf("%s beside one that lives took %d ns", order, took)
				}
				if got := countChildren(t, server.cmd.Process.Pid); got != 1 {
					t.Errorf("after %s there are %d children in place of 1", order, got)
				}
			}
		})
	}
}

// countChildren counts the children of a process that run sleeper.
func countChildren(t *testing.T, parent int) (n int) {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue // It is no process, or has exited.
		}
		_, rest, _ := strings.Cut(string(stat), "(sleeper) ")
		fields := strings.Fields(rest)
		if len(fields) > 1 && fields[0] != "Z" && fields[1] == strconv.Itoa(parent) {
			n++
		}
	}
	return n
}

func TestEchoServersEcho(t *testing.T) {
	s := echoMany(echoConnections)
	for i := range s.contestants {
		c := &s.contestants[i]
		t.Run(c.name, func(t *testing.T) {
			if took, _ := c.runOnce(); took <= 0 || took > time.Minute {
				t.Errorf("a round trip for each connection took %v", took)
			}
			c.close()
		})
	}
}

func TestNamesAreOfOneScenario(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range scenarios(1) {
		if seen[s.name] {
			t.Errorf("there are two scenarios %q", s.name)
		}
		seen[s.name] = true
		names := map[string]bool{}
		for _, c := range s.contestants {
			if names[c.name] {
				t.Errorf("%s: there are two contestants %q", s.name, c.name)
			}
			names[c.name] = true
		}
	}
}

// A target against a contestant that does not exist would never be missed. The names of peers that
// may be missing are known from other scenarios.
func TestTargetsAreAgainstContestants(t *testing.T) {
	all := map[string]bool{"node": true, "bun": true, "deno": true, "node rr": true, jestWorker: true, "piscina": true, "workerpool": true, executor: true}
	for _, s := range scenarios(1) {
		for _, c := range s.contestants {
			for _, against := range c.targets {
				if s.index(against.against) < 0 && !all[against.against] {
					t.Errorf("%s: %s has a target against %q", s.name, c.name, against.against)
				}
			}
		}
	}
}
