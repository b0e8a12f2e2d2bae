package childprocess

import "syscall"

// Decode is what the status word w of wait4(2) is taken for: "ended" with a status, "stopped" with a signal, "continued".
func Decode(w uint32) (kind string, status ExitStatus, stop Signal) {
	return decode(syscall.WaitStatus(w)).export()
}

func (ch change) export() (kind string, status ExitStatus, stop Signal) {
	return [...]string{unchanged: "unchanged", ended: "ended", stopped: "stopped", continued: "continued"}[ch.kind], ch.status, ch.signal
}
