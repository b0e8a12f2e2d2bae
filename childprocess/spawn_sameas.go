package childprocess

import "strconv"

// SameAs gives the child the open file of another of its slots once more, as a shell's "2>&1" does:
// what it writes to both comes in the order of its writes. Such a slot has no stream of its own, so
// with SameAs(1) in slot 2 Stderr is nil, and Stdout has everything.
//
// The other slot may come later, and may itself be a SameAs. It may have any form but IPC, and must
// not be closed. When one of the two is a standard descriptor, both are what FD and the others say
// of these.
func SameAs(slot int) Stdio { return Stdio{form: formSameAs, fd: slot} }

// slotCount is how many slots a child has to which somebody has given so many forms.
func slotCount(stdio []Stdio) int { return max(len(stdio), standardSlots) }

// original returns the slot that slot i is the same as in the end, i itself if it is no SameAs, and
// -1 for one that leads nowhere.
func original(stdio []Stdio, i int) int {
	for range slotCount(stdio) {
		if i < 0 || i >= slotCount(stdio) {
			return -1
		}
		if i >= len(stdio) || stdio[i].form != formSameAs {
			return i
		}
		i = stdio[i].fd
	}
	return -1
}

// sameMistake says what is wrong with slot i, which is a SameAs; "" if nothing.
func (o *Options) sameMistake(i int) string {
	other := o.Stdio[i].fd
	if other < 0 || other >= slotCount(o.Stdio) {
		return "is the same as slot " + strconv.Itoa(other) + ", which the child does not have"
	}
	last := original(o.Stdio, i)
	switch {
	case other == i:
		return "is the same as itself"
	case last < 0:
		return "is the same as slots that are the same as one another"
	case last < len(o.Stdio) && o.Stdio[last].form == formIPC:
		return "is the same as an IPC, which has one descriptor"
	case last >= standardSlots && (o.Stdio[last].form == formDefault || o.Stdio[last].form == formIgnore):
		return "is the same as slot " + strconv.Itoa(last) + ", which is closed"
	}
	return ""
}

// lowest returns the first of the slots that are the same as slot i.
func (a *layout) lowest(i int) int {
	for first := range i {
		if original(a.stdio, first) == i {
			return first
		}
	}
	return i
}

// copySame fills the slots that are the same as others, which are open by now.
func (a *layout) copySame() {
	for i, s := range a.stdio {
		if s.form == formSameAs {
			a.slots[i] = a.slots[original(a.stdio, i)]
		}
	}
}
