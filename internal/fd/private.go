package fd

// lowestPrivate is the lowest number for a descriptor of the library's own. A child that inherits
// one of its parent's standard descriptors, which the program has closed, is to find it closed, and
// not a thing of the loop's.
const lowestPrivate = 3

// Private returns fd, or another descriptor in its place if it has a number that stands for a
// standard descriptor; that one is closed, also with an error. It takes the result of the call that
// has opened fd: an error of that is returned as it is.
func Private(fd int, err error) (int, error) {
	if err != nil || fd >= lowestPrivate || fd < 0 {
		return fd, err
	}
	defer Close(fd)
	return Duplicate(fd, lowestPrivate)
}

// privatePair is Private for both.
func privatePair(a, b int, err error) (int, int, error) {
	if err != nil || min(a, b) >= lowestPrivate {
		return a, b, err
	}
	if a, err = Private(a, nil); err != nil {
		Close(b)
		return -1, -1, err
	}
	if b, err = Private(b, nil); err != nil {
		Close(a)
		return -1, -1, err
	}
	return a, b, nil
}
