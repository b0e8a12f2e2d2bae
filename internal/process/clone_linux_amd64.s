#include "textflag.h"

// func rawClone(nr, a, b, c uintptr) (pid, errno uintptr)
//
// The call returns twice on the same stack. The return address waits in a register meanwhile: what the child calls
// afterwards overwrites its place on the stack, and the parent comes back here when the child is through.
TEXT ·rawClone(SB), NOSPLIT|NOFRAME, $0-48
	MOVQ	a+8(FP), DI
	MOVQ	b+16(FP), SI
	MOVQ	c+24(FP), DX
	MOVQ	$0, R10
	MOVQ	$0, R8
	MOVQ	nr+0(FP), AX
	POPQ	R12
	SYSCALL
	PUSHQ	R12
	CMPQ	AX, $0xfffffffffffff001
	JLS	ok
	NEGQ	AX
	MOVQ	$0, pid+32(FP)
	MOVQ	AX, errno+40(FP)
	RET

ok:
	MOVQ	AX, pid+32(FP)
	MOVQ	$0, errno+40(FP)
	RET

// func rawSyscall(nr, a, b, c, d, e, f uintptr) (result, errno uintptr)
TEXT ·rawSyscall(SB), NOSPLIT|NOFRAME, $0-72
	MOVQ	a+8(FP), DI
	MOVQ	b+16(FP), SI
	MOVQ	c+24(FP), DX
	MOVQ	d+32(FP), R10
	MOVQ	e+40(FP), R8
	MOVQ	f+48(FP), R9
	MOVQ	nr+0(FP), AX
	SYSCALL
	CMPQ	AX, $0xfffffffffffff001
	JLS	ok
	NEGQ	AX
	MOVQ	$0, result+56(FP)
	MOVQ	AX, errno+64(FP)
	RET

ok:
	MOVQ	AX, result+56(FP)
	MOVQ	$0, errno+64(FP)
	RET
