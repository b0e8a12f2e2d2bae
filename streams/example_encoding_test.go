package streams_test

import (
	"fmt"

	"github.com/brood-go/brood/streams"
)

func ExampleEncoding() {
	e, err := streams.ParseEncoding("UTF-16LE")
	fmt.Println(e, err)
	fmt.Printf("%q\n", e.Decode([]byte("h\x00i\x00\x3D\xD8\x00\xDE")))
	fmt.Printf("%x\n", streams.Base64.Encode("aGk="))
	_, err = streams.ParseEncoding("utf-7")
	fmt.Println(err)
	// Output:
	// utf16le <nil>
	// "hi😀"
	// 6869
	// streams: unknown encoding "utf-7"
}
