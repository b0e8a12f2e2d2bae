// Package nodejson reads and writes JSON as Node's JSON.stringify and JSON.parse do, for the
// messages of an IPC channel. [Append] writes a value, [Value] reads any value, [Decode] reads into
// a Go variable. It differs from encoding/json where a message would otherwise arrive changed:
// strings of JavaScript may hold lone surrogates, which are WTF-8 in Go (see [Append] and [Value]),
// numbers may be NaN, and a message is one line.
//
// This package itself reads and writes values of the types that [Value] returns, and of plain Go
// types (see plan). All other types, and everything unusual, go through
// github.com/go-json-experiment/json, which is encoding/json/v2 of Go 1.27 (and an alias for it
// there), with the options that make it behave as encoding/json. (Unlike that, it writes map keys
// of string kind by their MarshalText method, takes map[bool]T, and reads a struct tag with an
// escaped quote differently.) If something in a message needs care, the message goes through the
// library again, with a function of ours for each string and number.
//
// The plans save the time, as BenchmarkKindEncode and BenchmarkKindDecode show. Nanoseconds for a
// struct with a few fields of one kind, and for one with most of them; microseconds for a list of
// 180 of those (EPYC, Go 1.26, medians of nine runs on a busy machine, where all take up to twice
// as long as below, ± 25 %):
//
//	                       encode                          decode
//	                        plan  library  encoding/json    plan  library  encoding/json
//	embedded structs         480     1564            568     757     2138           3006
//	arrays                   392      952            551     578     1693           2968
//	float32                  453     1727            672     643     2006           2203
//	int64 of 19 digits       319      910            498     361     1449           2244
//	uint64 of 20 digits      413     1107            494     390     1464           2075
//	time.Time                706     1579           2507     599     1746           2263
//	[]byte                   436     1003            572     817     2081           3258
//	map[string]any           805     3829           2212    1892     5107           5287
//	raw JSON                 657     1697           1169     795     2331           1886
//	[][]int                  432      757            462     614     1561           2493
//	all but raw JSON        2872    10442           4679    5149    12298          15727
//	180 of those             506     1605            790     983     2342           2708
//
// The only package state that changes are caches of facts about types, which do not depend on the
// caller. Memory that is kept from one value to the next belongs to an [Encoder]; each loop has its
// own.
//
// The library was chosen because of BenchmarkJSON in bench/json_test.go, and because a program can
// give it a function that writes strings. Nanoseconds for {"n":1,"s":"hello"}, microseconds for 64
// KiB of records (EPYC, Go 1.26, one run, ± 10 %):
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
// Writing a struct of plain fields into a reused buffer does not allocate. The other fast libraries
// use unsafe views of Go's types on the bytes of another process; sonic falls back to encoding/json
// off amd64 and arm64; and none of them takes a function that writes strings.
package nodejson
