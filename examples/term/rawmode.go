package main

import "golang.org/x/term"

// rawMode is the mode of a terminal that other processes use, too. So it is always changed back.
type rawMode struct {
	fd    int
	saved *term.State // nil while the terminal is in its own mode
}

// enter has every key come as it is, at once and without an echo. Doing so twice does nothing.
func (m *rawMode) enter() (err error) {
	if m.saved == nil {
		m.saved, err = term.MakeRaw(m.fd)
	}
	return err
}

// renew is enter for a terminal that others may have had since: a shell gives it its own mode while
// it has stopped this program.
func (m *rawMode) renew() error {
	if m.saved == nil {
		return m.enter()
	}
	_, err := term.MakeRaw(m.fd) // restore goes back to the first mode, not to this one.
	return err
}

// restore undoes enter. Doing so twice does nothing.
func (m *rawMode) restore() {
	if m.saved != nil {
		_ = term.Restore(m.fd, m.saved) // Best effort: the terminal may be gone.
		m.saved = nil
	}
}
