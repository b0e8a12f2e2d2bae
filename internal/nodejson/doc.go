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
// The plans are what makes the difference, as BenchmarkKindEncode and BenchmarkKindDecode show. Nanoseconds for a struct with
// a few fields of one kind, and for one with all of them, microseconds for a list of 180 of those (EPYC, Go 1.26, medians of
// nine runs on a busy machine, ± 20 %):
//
//	                        encode                          decode
//	                        plan  library  encoding/json    plan  library  encoding/json
//	embedded structs         365      977            480     816     1903           3396
//	arrays                   291      874            418     640     1687           3178
//	float32                  336      833            510     596     1660           2391
//	int64 of 19 digits       221      631            321     306     1249           2172
//	uint64 of 20 digits      214      668            351     287     1082           2094
//	time.Time                433     1121           1570     626     1426           1988
//	[]byte                   290      839            410     718     1723           3229
//	map[string]any           659     3718           2039    1894     4436           5124
//	[][]int                  342      846            484    1243     2599           3669
//	all of them             2408     8772           4779    5538    11422          16188
//	180 of those             408     1289            864     896     1931           2369
//
// Nothing here changes after the program has started but what is remembered of types, which is the same for everybody. What
// is kept from one value to the next belongs to an [Encoder], of which each loop has its own.
//
// The library was chosen by what BenchmarkJSON in bench/json_test.go shows, and because it lets itself be told how to write a
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
