package engine

import (
	"unsafe"

	js "modernc.org/libquickjs"
)

// Sizes of what the engine's memory holds: bytes.
const (
	classDefSize      = int(unsafe.Sizeof(js.TJSClassDef{}))
	memoryUsageSize   = unsafe.Sizeof(js.TJSMemoryUsage{})
	propertySize      = unsafe.Sizeof(js.TJSPropertyEnum{})
	reqModuleSize     = unsafe.Sizeof(js.TJSReqModuleEntry{})
	shapeSize         = unsafe.Sizeof(js.TJSShape{})
	shapePropertySize = unsafe.Sizeof(js.TJSShapeProperty{})
	stringSize        = unsafe.Sizeof(js.TJSString{}) // its characters are behind it
	addressSize       = unsafe.Sizeof(uintptr(0))
)

// Places in what the engine's memory holds: bytes from its beginning.
const (
	// what is counted has its count in front
	rcOffset      = unsafe.Sizeof(js.TJSMallocBlockHeader{})
	jobListOffset = unsafe.Offsetof(js.TJSRuntime{}.Fjob_list)
	// in a link of a list: the address of the next
	nextOffset    = unsafe.Offsetof(js.Tlist_head{}.Fnext)
	linkOffset    = unsafe.Offsetof(js.TJSMapRecord{}.Flink)
	recordsOffset = unsafe.Offsetof(js.TJSMapState{}.Frecords)

	prevOffset       = unsafe.Offsetof(js.Tlist_head{}.Fprev)
	loadedOffset     = unsafe.Offsetof(js.TJSContext{}.Floaded_modules)
	moduleLinkOffset = unsafe.Offsetof(js.TJSModuleDef{}.Flink)

	elementsOffset = unsafe.Offsetof(js.TJSObject{}.Fu) // in an array
)

// fastArray is what an array has of its elements while it has them in a row, which fastArrayFlag
// tells.
type fastArray struct {
	capacity uint32 // how many there is room for
	_        uint32
	values   uintptr
	count    uint32
}

const fastArrayFlag = 1 << 4 // in F__ccgo16 of an object
