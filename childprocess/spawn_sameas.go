package childprocess

import "strconv"

// SameAs makes the descriptor a copy of the child's descriptor slot, as "2>&1" does in a shell:
// they share one open file, so output to both keeps the order of the writes. The slot has no stream
// of its own: with SameAs(1) in slot 2, Stderr is nil and Stdout has all output.
//
// slot may be after this one, and may itself be a SameAs. It may have any form but IPC, and must
// not be closed. If one of the two is a standard descriptor, the rules for standard descriptors
// hold for both, such as blocking mode for [FD].
func SameAs(slot int) Stdio { return Stdio{form: formSameAs, fd: slot} }

// slotCount returns the number of slots of a child with this Stdio.
func slotCount(stdio []Stdio) int { return max(len(stdio), standardSlots) }

// original returns the slot that slot i shares in the end, following SameAs; i if it is no SameAs;
// -1 if the SameAs form a circle or lead to a slot that does not exist.
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

// sameMistake returns the reason why slot i, which is a SameAs, is invalid, or "".
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

// lowest returns the first slot that shares slot i.
func (a *layout) lowest(i int) int {
	for first := range i {
		if original(a.stdio, first) == i {
			return first
		}
	}
	return i
}

// copySame fills the SameAs slots, when all others are open.
func (a *layout) copySame() {
	for i, s := range a.stdio {
		if s.form == formSameAs {
			a.slots[i] = a.slots[original(a.stdio, i)]
		}
	}
}
