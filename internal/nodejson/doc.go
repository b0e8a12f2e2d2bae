// Package nodejson is JSON as Node's JSON.stringify and JSON.parse have it, for the messages of an IPC channel. It differs
// from encoding/json where a message would otherwise not arrive as it was sent: strings of JavaScript may hold lone
// surrogates, which are WTF-8 in Go (see [Append] and [Value]), numbers may be NaN, and a line ends with the message.
//
// Values of the types that [Value] returns, and of plain Go types (see plan), are read and written here. All other types go
// through github.com/go-json-experiment/json, which is encoding/json/v2 of Go 1.27 (and an alias for it there), with the
// options that make it behave as encoding/json, and so does everything unusual. (It writes map keys of string kind by their
// MarshalText method, takes map[bool]T, and reads a struct tag with an escaped quote otherwise than that does.) Messages in
// which something needs care go through it again with a function of ours for each string and number.
//
// It was chosen by what BenchmarkJSON in bench/json_test.go shows, and because it lets itself be told how to write a
// string. Nanoseconds for {"n":1,"s":"hello"}, microseconds for 64 KiB of records (EPYC, Go 1.26, one run, ± 10 %):
//
//	                       encode small   decode small   encode 64 KiB   decode 64 KiB
//	                       struct   any   struct   any   struct   any    struct   any
//	encoding/json              83   304      348   377      112   559       623   557
//	go-json-experiment        114   508      165   356      159   249       332   475
//	goccy/go-json              37   118       72   206       48   187       121   341
//	segmentio/encoding         41   112       75   252       81   225       186   640
//	bytedance/sonic            43   151      130   273       42   187       142   357
//	this package               47    97       95   209       89   177       173   297
//
// Encoding a struct of plain fields into a buffer that is used again allocates nothing here. The other libraries that are
// fast with structs build on unsafe views of Go's types, which is not what the bytes of another process should meet, sonic
// falls back to encoding/json off amd64 and arm64, and none of them can be told how to write a string.
package nodejson
