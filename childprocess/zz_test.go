package childprocess_test
import ("testing"; "github.com/brood-go/brood/childprocess"; "github.com/brood-go/brood/reactor";"os/exec")
func BenchmarkSpawnNop(b *testing.B) {
	l, _ := reactor.New(nil); defer l.Close()
	b.ReportAllocs()
	for b.Loop() {
		c, err := childprocess.Spawn(l, "/bin/true", nil, nil)
		if err != nil { b.Fatal(err) }
		c.Stdout.OnData(func([]byte){})
		c.Stderr.OnData(func([]byte){})
		c.OnClose(func(childprocess.ExitStatus){})
		l.Run()
	}
}
func BenchmarkAsync64(b *testing.B) { flight(b, true) }
func BenchmarkSync64(b *testing.B) { flight(b, false) }
func flight(b *testing.B, async bool) {
	l, _ := reactor.New(nil); defer l.Close()
	o := &childprocess.Options{Async: async}
	n := b.N
	var next func()
	next = func() {
		if n == 0 { return }
		n--
		c, err := childprocess.Spawn(l, "/bin/true", nil, o)
		if err != nil { b.Fatal(err) }
		c.Stdout.OnData(func([]byte){})
		c.Stderr.OnData(func([]byte){})
		c.OnClose(func(childprocess.ExitStatus){ next() })
	}
	for range 64 { next() }
	l.Run()
}
func BenchmarkExec(b *testing.B) {
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB){ for pb.Next() { exec.Command("/bin/true").Run() } })
}
