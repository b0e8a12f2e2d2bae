package engine

import (
	"unsafe"

	js "modernc.org/libquickjs"
)

// Sizes of structures in the engine's memory: bytes.
const (
	classDefSize      = int(unsafe.Sizeof(js.TJSClassDef{}))
	memoryUsageSize   = unsafe.Sizeof(js.TJSMemoryUsage{})
	propertySize      = unsafe.Sizeof(js.TJSPropertyEnum{})
	reqModuleSize     = unsafe.Sizeof(js.TJSReqModuleEntry{})
	shapeSize         = unsafe.Sizeof(js.TJSShape{})
	shapePropertySize = unsafe.Sizeof(js.TJSShapeProperty{})
	stringSize        = unsafe.Sizeof(js.TJSString{}) // the characters follow it
	addressSize       = unsafe.Sizeof(uintptr(0))
)

// Offsets in structures in the engine's memory: bytes.
const (
	// the reference count precedes the object
	rcOffset      = unsafe.Sizeof(js.TJSMallocBlockHeader{})
	jobListOffset = unsafe.Offsetof(js.TJSRuntime{}.Fjob_list)
	// in a link of a list
	nextOffset    = unsafe.Offsetof(js.Tlist_head{}.Fnext)
	linkOffset    = unsafe.Offsetof(js.TJSMapRecord{}.Flink)
	recordsOffset = unsafe.Offsetof(js.TJSMapState{}.Frecords)

	prevOffset       = unsafe.Offsetof(js.Tlist_head{}.Fprev)
	loadedOffset     = unsafe.Offsetof(js.TJSContext{}.Floaded_modules)
	moduleLinkOffset = unsafe.Offsetof(js.TJSModuleDef{}.Flink)

	elementsOffset = unsafe.Offsetof(js.TJSObject{}.Fu) // in an array
)

// fastArray describes the elements of an array that are stored consecutively, as fastArrayFlag
// says.
type fastArray struct {
	capacity uint32 // elements
	_        uint32
	values   uintptr
	count    uint32
}

const fastArrayFlag = 1 << 4 // in F__ccgo16 of an object
