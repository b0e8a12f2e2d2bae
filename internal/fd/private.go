package fd

// lowestPrivate is the lowest number for a descriptor of the library's own. If the program has
// closed a standard descriptor, a child that inherits it must find it closed, and not a descriptor
// of the loop.
const lowestPrivate = 3

// Private returns fd or, if fd has the number of a standard descriptor, a duplicate in its place;
// then it closes fd, also on an error. It takes the results of the call that opened fd, and returns
// an error of that call as it is.
func Private(fd int, err error) (int, error) {
	if err != nil || fd >= lowestPrivate || fd < 0 {
		return fd, err
	}
	defer Close(fd)
	return Duplicate(fd, lowestPrivate)
}

// privatePair is Private for both ends.
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
