// Package nodejson is JSON as Node's JSON.stringify and JSON.parse have it, for the messages of an IPC channel. It differs
// from encoding/json where a message would otherwise not arrive as it was sent: strings of JavaScript may hold lone
// surrogates, which are WTF-8 in Go (see [Append] and [Value]), numbers may be NaN, and a line ends with the message.
//
// Values of the types that [Value] returns are read and written here, which is faster than reflection, and right at
// once. All other types go through github.com/go-json-experiment/json, which is encoding/json/v2 of Go 1.27 (and an alias
// for it there), with the options that make it behave as encoding/json. Messages in which something needs care go through
// it again with a function of ours for each string and number.
//
// It was chosen by what BenchmarkJSON in bench/json_test.go shows, and because it lets itself be told how to write a
// string. Nanoseconds for {"n":1,"s":"hello"}, microseconds for 64 KiB of records (EPYC, Go 1.26, one run, ± 10 %):
//
//	                       encode small   decode small   encode 64 KiB   decode 64 KiB
//	                       struct   any   struct   any   struct   any    struct   any
//	encoding/json              86   288      339   383      116   559       579   583
//	go-json-experiment        120   536      167   342      166   259       331   450
//	goccy/go-json              38   121       79   202       49   194       124   291
//	segmentio/encoding         43   131       77   254       83   227       195   621
//	bytedance/sonic            44   164      136   285       43   201       151   306
//	this package              159    93      258   202      164   168       382   370
//
// Encoding into a buffer that is used again allocates nothing here. The libraries that are faster with structs build on
// unsafe views of Go's types, which is not what the bytes of another process should meet, sonic falls back to
// encoding/json off amd64 and arm64, and none of them can be told how to write a string.
package nodejson
