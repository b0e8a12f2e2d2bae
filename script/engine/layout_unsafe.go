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
)

// Places in what the engine's memory holds: bytes from its beginning.
const (
	rcOffset      = unsafe.Sizeof(js.TJSMallocBlockHeader{}) // what is counted has its count in front
	jobListOffset = unsafe.Offsetof(js.TJSRuntime{}.Fjob_list)
	nextOffset    = unsafe.Offsetof(js.Tlist_head{}.Fnext) // in a link of a list: the address of the next
	linkOffset    = unsafe.Offsetof(js.TJSMapRecord{}.Flink)
	recordsOffset = unsafe.Offsetof(js.TJSMapState{}.Frecords)
)
