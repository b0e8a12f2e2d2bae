package v8

// MarshalJSON returns the value as [JSON] has it: null.
func (s Singleton) MarshalJSON() ([]byte, error) { return JSON(s) }

// MarshalJSON returns the number as [JSON] has it.
func (f Float16) MarshalJSON() ([]byte, error) { return JSON(f) }

// MarshalJSON returns the value as [JSON] has it.
func (o *Object) MarshalJSON() ([]byte, error) { return JSON(o) }

// MarshalJSON returns the value as [JSON] has it.
func (a *Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns the value as [JSON] has it.
func (m *Map) MarshalJSON() ([]byte, error) { return JSON(m) }

// MarshalJSON returns the value as [JSON] has it.
func (s *Set) MarshalJSON() ([]byte, error) { return JSON(s) }

// MarshalJSON returns the value as [JSON] has it.
func (e *Error) MarshalJSON() ([]byte, error) { return JSON(e) }

// MarshalJSON returns the value as [JSON] has it.
func (x *RegExp) MarshalJSON() ([]byte, error) { return JSON(x) }

// MarshalJSON returns the value as [JSON] has it.
func (b *Boxed) MarshalJSON() ([]byte, error) { return JSON(b) }

// MarshalJSON returns the value as [JSON] has it.
func (b *ArrayBuffer) MarshalJSON() ([]byte, error) { return JSON(b) }

// MarshalJSON returns the value as [JSON] has it.
func (v *UnknownView) MarshalJSON() ([]byte, error) { return JSON(v) }

// MarshalJSON returns the bytes or numbers as [JSON] has them.
func (v DataView) MarshalJSON() ([]byte, error) { return JSON(v) }

// MarshalJSON returns the bytes or numbers as [JSON] has them.
func (a Int8Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns the bytes or numbers as [JSON] has them.
func (a Uint8Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns the bytes or numbers as [JSON] has them.
func (a Uint8ClampedArray) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns the bytes or numbers as [JSON] has them.
func (a Int16Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns the bytes or numbers as [JSON] has them.
func (a Uint16Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns the bytes or numbers as [JSON] has them.
func (a Int32Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns the bytes or numbers as [JSON] has them.
func (a Uint32Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns the bytes or numbers as [JSON] has them.
func (a Float16Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns the bytes or numbers as [JSON] has them.
func (a Float32Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns the bytes or numbers as [JSON] has them.
func (a Float64Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns the bytes or numbers as [JSON] has them.
func (a BigInt64Array) MarshalJSON() ([]byte, error) { return JSON(a) }

// MarshalJSON returns the bytes or numbers as [JSON] has them.
func (a BigUint64Array) MarshalJSON() ([]byte, error) { return JSON(a) }
