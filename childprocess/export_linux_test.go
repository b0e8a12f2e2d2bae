package childprocess

// Used by tests that find out what this kernel can do.
var (
	HasPidfd        = hasPidfd
	PidfdExitStatus = pidfdExitStatus
)
