package v8

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"

	"github.com/brood-go/brood/internal/wtf8"
)

// This file converts the values without others in them to JSON.

// bytes writes a Buffer or typed array; values of other types by json.Marshal.
func (e *jsonEncoder) bytes(v any) error {
	number := func(n int64) { e.p = strconv.AppendInt(e.p, n, 10) }
	switch v := v.(type) {
	case []byte:
		e.buffer("Buffer", v)
	case DataView:
		e.buffer("DataView", v)
	case Int8Array:
		indexed(e, v, func(n int8) { number(int64(n)) })
	case Uint8Array:
		indexed(e, v, func(n byte) { number(int64(n)) })
	case Uint8ClampedArray:
		indexed(e, v, func(n byte) { number(int64(n)) })
	case Int16Array:
		indexed(e, v, func(n int16) { number(int64(n)) })
	case Uint16Array:
		indexed(e, v, func(n uint16) { number(int64(n)) })
	case Int32Array:
		indexed(e, v, func(n int32) { number(int64(n)) })
	case Uint32Array:
		indexed(e, v, func(n uint32) { number(int64(n)) })
	case Float16Array:
		indexed(e, v, func(f Float16) { e.float(f.Float()) })
	case Float32Array:
		indexed(e, v, func(f float32) { e.float(float64(f)) })
	case Float64Array:
		indexed(e, v, e.float)
	case BigInt64Array:
		indexed(e, v, number)
	case BigUint64Array:
		indexed(e, v, func(n uint64) { e.p = strconv.AppendUint(e.p, n, 10) })
	default:
		p, err := json.Marshal(v)
		e.p = append(e.p, p...)
		return err
	}
	return nil
}

// indexed writes a typed array as JSON.stringify does: an object with the indices as names.
func indexed[S ~[]T, T any](e *jsonEncoder, values S, write func(T)) {
	if values == nil {
		e.text("null")
		return
	}
	e.text("{")
	for i, v := range values {
		if i > 0 {
			e.text(",")
		}
		e.p = append(strconv.AppendInt(append(e.p, '"'), int64(i), 10), '"', ':')
		write(v)
	}
	e.text("}")
}

// buffer writes bytes as the toJSON method of a Buffer does, with name as the type.
func (e *jsonEncoder) buffer(name string, data []byte) {
	if data == nil {
		e.text("null")
		return
	}
	e.text(`{"type":"` + name + `","data":[`)
	for i, b := range data {
		if i > 0 {
			e.text(",")
		}
		e.p = strconv.AppendUint(e.p, uint64(b), 10)
	}
	e.text("]}")
}

func (e *jsonEncoder) float(f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		e.text("null")
		return
	}
	e.text(numberName(f))
}

func (e *jsonEncoder) bigInt(n *big.Int) {
	switch {
	case n == nil:
		e.text("null")
	case n.BitLen() > decimalBits:
		e.p = fmt.Appendf(e.p, `"%#x"`, n)
	default:
		e.p = n.Append(e.p, 10)
	}
}

// date writes t as Date.prototype.toISOString does.
func (e *jsonEncoder) date(t time.Time) {
	t = t.UTC()
	year := fmt.Sprintf("%04d", t.Year())
	if t.Year() < 0 || t.Year() > 9999 {
		year = fmt.Sprintf("%+07d", t.Year())
	}
	e.text(`"` + year + t.Format("-01-02T15:04:05.000Z") + `"`)
}

func (e *jsonEncoder) quote(s string) { e.p = wtf8.AppendQuoted(e.p, s) }
