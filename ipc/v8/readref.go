package v8

// unfinishedArray stands in valueReader.objects for an array that is being read, because only its
// end shows which type it will have.
type unfinishedArray struct{}

// forward is the value of a reference to an unfinishedArray: its id. resolve replaces it at the end
// of the message.
type forward uint32

// newID gives the next object its id. Until [valueReader.setObject] a reference to it returns v, or
// is an error if v is nil.
func (r *valueReader) newID(v any) (id int) {
	if !r.recording {
		return 0
	}
	r.objects = append(r.objects, v)
	return len(r.objects) - 1
}

// setObject sets the object with that id.
func (r *valueReader) setObject(id int, v any) {
	if r.recording {
		r.objects[id] = v
	}
}

// ref reads the rest of a reference and returns its object.
func (r *valueReader) ref() (any, error) {
	id, err := r.varint()
	if err != nil {
		return nil, err
	}
	if uint64(id) >= uint64(len(r.objects)) || r.objects[id] == nil {
		return nil, r.fail("a reference to object %d, which is not there yet", id)
	}
	if _, unfinished := r.objects[id].(unfinishedArray); unfinished {
		r.forwards = true
		return forward(id), nil
	}
	return r.objects[id], nil
}

// resolve replaces every forward by its array.
func (r *valueReader) resolve() {
	for _, o := range r.objects {
		switch o := o.(type) {
		case []any:
			for i := range o {
				r.replace(&o[i])
			}
		case *Array:
			r.replaceAll(o.elements, o.Extra.names)
		case *Object:
			r.replaceAll(o.elements, o.names)
		case *Map:
			for i := range o.Entries {
				r.replace(&o.Entries[i].Key)
				r.replace(&o.Entries[i].Value)
			}
		case *Set:
			for i := range o.Values {
				r.replace(&o.Values[i])
			}
		case *Error:
			r.replace(&o.Cause)
		}
	}
}

func (r *valueReader) replaceAll(es elements, names []property) {
	for i := range es {
		r.replace(&es[i].value)
	}
	for i := range names {
		r.replace(&names[i].value)
	}
}

func (r *valueReader) replace(v *any) {
	if f, ok := (*v).(forward); ok {
		*v = r.objects[f]
	}
}
