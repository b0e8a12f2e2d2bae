#include "textflag.h"

// func rawClone(nr, a, b, c uintptr) (pid, errno uintptr)
//
// The call returns twice on the same stack. The return address is in the link register, which the kernel keeps.
TEXT ·rawClone(SB), NOSPLIT|NOFRAME, $0-48
	MOVD	a+8(FP), R0
	MOVD	b+16(FP), R1
	MOVD	c+24(FP), R2
	MOVD	$0, R3
	MOVD	$0, R4
	MOVD	nr+0(FP), R8
	SVC
	CMN	$4095, R0
	BCC	ok
	NEG	R0, R0
	MOVD	ZR, pid+32(FP)
	MOVD	R0, errno+40(FP)
	RET

ok:
	MOVD	R0, pid+32(FP)
	MOVD	ZR, errno+40(FP)
	RET

// func rawSyscall(nr, a, b, c, d, e, f uintptr) (result, errno uintptr)
TEXT ·rawSyscall(SB), NOSPLIT|NOFRAME, $0-72
	MOVD	a+8(FP), R0
	MOVD	b+16(FP), R1
	MOVD	c+24(FP), R2
	MOVD	d+32(FP), R3
	MOVD	e+40(FP), R4
	MOVD	f+48(FP), R5
	MOVD	nr+0(FP), R8
	SVC
	CMN	$4095, R0
	BCC	ok
	NEG	R0, R0
	MOVD	ZR, result+56(FP)
	MOVD	R0, errno+64(FP)
	RET

ok:
	MOVD	R0, result+56(FP)
	MOVD	ZR, errno+64(FP)
	RET
