// Package nodejson is JSON as Node's JSON.stringify and JSON.parse have it, for the messages of an
// IPC channel. It differs from encoding/json where a message would otherwise not arrive as it was
// sent: strings of JavaScript may hold lone surrogates, which are WTF-8 in Go (see [Append] and
// [Value]), numbers may be NaN, and a line ends with the message.
//
// Values of the types that [Value] returns, and of plain Go types (see plan), are read and written
// here. All other types go through github.com/go-json-experiment/json, which is encoding/json/v2 of
// Go 1.27 (and an alias for it there), with the options that make it behave as encoding/json, and
// so does everything unusual. (It writes map keys of string kind by their MarshalText method, takes
// map[bool]T, and reads a struct tag with an escaped quote otherwise than that does.) Messages in
// which something needs care go through it again with a function of ours for each string and
// number.
//
// The plans are what makes the difference, as BenchmarkKindEncode and BenchmarkKindDecode show.
// Nanoseconds for a struct with a few fields of one kind, and for one with most of them,
// microseconds for a list of 180 of those (EPYC, Go 1.26, medians of nine runs on a busy machine,
// where all take up to twice as long as below, ± 25 %):
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
// Nothing here changes after the program has started but what is remembered of types, which is the
// same for everybody. What is kept from one value to the next belongs to an [Encoder], of which
// each loop has its own.
//
// The library was chosen by what BenchmarkJSON in bench/json_test.go shows, and because it lets
// itself be told how to write a string. Nanoseconds for {"n":1,"s":"hello"}, microseconds for 64
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
// Encoding a struct of plain fields into a buffer that is used again allocates nothing here. The
// other libraries that are fast with structs build on unsafe views of Go's types, which is not what
// the bytes of another process should meet, sonic falls back to encoding/json off amd64 and arm64,
// and none of them can be told how to write a string.
package nodejson
