package v8_test

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"time"

	"github.com/brood-go/brood/ipc/v8"
)

// dump describes a value as JavaScript sees it: types, order, and which objects are the same one.
// Two values with the same description cannot be told apart there.
func dump(v any) string {
	d := dumper{seen: map[any]int{}}
	d.value(v)
	return d.b.String()
}

type dumper struct {
	b    strings.Builder
	seen map[any]int
}

func (d *dumper) printf(format string, args ...any) { fmt.Fprintf(&d.b, format, args...) }

// known writes a reference if v was there before, and otherwise its number.
func (d *dumper) known(v any) bool {
	key := v
	if rv := reflect.ValueOf(v); rv.Kind() == reflect.Slice {
		key = [2]uintptr{rv.Pointer(), uintptr(rv.Len())}
	}
	if id, ok := d.seen[key]; ok {
		d.printf("#%d", id)
		return true
	}
	d.seen[key] = len(d.seen)
	d.printf("%d=", len(d.seen)-1)
	return false
}

func (d *dumper) value(v any) {
	switch v := v.(type) {
	case nil:
		d.printf("null")
	case bool:
		d.printf("%t", v)
	case int:
		d.number(float64(v))
	case float64:
		d.number(v)
	case string:
		d.printf("%x:s", v)
	case v8.Singleton:
		d.printf("%v", v)
	case *big.Int:
		d.printf("%vn", v)
	case time.Time:
		d.printf("Date(%d)", v.UnixMilli())
	default:
		if !d.known(v) {
			d.object(v)
		}
	}
}

// number tells -0 from 0; the sign of NaN is none.
func (d *dumper) number(f float64) { d.printf("%v/%t", f, math.Signbit(f) && f == f) }

func (d *dumper) object(v any) {
	switch v := v.(type) {
	case *v8.Object:
		d.properties(v)
	case []any:
		d.printf("[")
		for _, e := range v {
			d.value(e)
			d.printf(",")
		}
		d.printf("]")
	case *v8.Array:
		d.printf("[%d:", v.Length)
		for i, e := range v.All() {
			d.printf("%d:", i)
			d.value(e)
			d.printf(",")
		}
		d.properties(&v.Extra)
		d.printf("]")
	case *v8.Map:
		d.printf("Map{")
		for _, e := range v.Entries {
			d.value(e.Key)
			d.printf("→")
			d.value(e.Value)
			d.printf(",")
		}
		d.printf("}")
	case *v8.Set:
		d.printf("Set{")
		for _, e := range v.Values {
			d.value(e)
			d.printf(",")
		}
		d.printf("}")
	case *v8.Error:
		d.printf("%s(%x,%x,", v.Name, v.Message, v.Stack)
		d.value(v.Cause)
		d.printf(")")
	case *v8.Boxed:
		d.printf("Boxed(")
		d.value(v.Value)
		d.printf(")")
	case *v8.RegExp:
		d.printf("/%x/%s", v.Source, v.Flags)
	case *v8.ArrayBuffer:
		d.printf("ArrayBuffer(%x,%t,%d)", v.Data, v.Resizable, v.MaxLength)
	default:
		d.printf("%T%v", v, v)
	}
}

func (d *dumper) properties(o *v8.Object) {
	d.printf("{")
	for name, e := range o.All() {
		d.printf("%x:", name)
		d.value(e)
		d.printf(",")
	}
	d.printf("}")
}
