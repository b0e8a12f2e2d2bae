package leakcheck

import "time"

// SetGraceTime shortens the wait in processes that leak on purpose.
func SetGraceTime(d time.Duration) { graceTime = d }
