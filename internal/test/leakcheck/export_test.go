package leakcheck

import "time"

// SetSettleTime shortens the wait in processes that leak on purpose.
func SetSettleTime(d time.Duration) { settleTime = d }
