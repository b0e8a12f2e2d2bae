package v8

// MarshalJSON returns null, as [JSON] does.
func (s Singleton) MarshalJSON() ([]byte, error) { return JSON(s) }

// MarshalJSON returns [JSON] of the number.
func (f Float16) MarshalJSON() ([]byte, error) { return JSON(f) }

// MarshalJSON returns [JSON] of the value.
func (o *Object) MarshalJSON() ([]byte, error) { return JSON(o) }

// MarshalJSON returns [JSON] of the value.
func (a *Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns [JSON] of the value.
func (m *Map) MarshalJSON() ([]byte, error) { return JSON(m) }

// MarshalJSON returns [JSON] of the value.
func (s *Set) MarshalJSON() ([]byte, error) { return JSON(s) }

// MarshalJSON returns [JSON] of the value.
func (e *Error) MarshalJSON() ([]byte, error) { return JSON(e) }

// MarshalJSON returns [JSON] of the value.
func (x *RegExp) MarshalJSON() ([]byte, error) { return JSON(x) }

// MarshalJSON returns [JSON] of the value.
func (b *Boxed) MarshalJSON() ([]byte, error) { return JSON(b) }

// MarshalJSON returns [JSON] of the value.
func (b *ArrayBuffer) MarshalJSON() ([]byte, error) { return JSON(b) }

// MarshalJSON returns [JSON] of the value.
func (v *UnknownView) MarshalJSON() ([]byte, error) { return JSON(v) }

// MarshalJSON returns [JSON] of the bytes or numbers.
func (v DataView) MarshalJSON() ([]byte, error) { return JSON(v) }

// MarshalJSON returns [JSON] of the bytes or numbers.
func (a Int8Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns [JSON] of the bytes or numbers.
func (a Uint8Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns [JSON] of the bytes or numbers.
func (a Uint8ClampedArray) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns [JSON] of the bytes or numbers.
func (a Int16Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns [JSON] of the bytes or numbers.
func (a Uint16Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns [JSON] of the bytes or numbers.
func (a Int32Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns [JSON] of the bytes or numbers.
func (a Uint32Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns [JSON] of the bytes or numbers.
func (a Float16Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns [JSON] of the bytes or numbers.
func (a Float32Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns [JSON] of the bytes or numbers.
func (a Float64Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns [JSON] of the bytes or numbers.
func (a BigInt64Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns [JSON] of the bytes or numbers.
func (a BigUint64Array) MarshalJSON() ([]byte, error) { return JSON(a) }
