package process_test

import "debug/elf"

const tinyMachine = elf.EM_X86_64

// pauseProgram waits for a signal that kills it.
var pauseProgram = tinyProgram{
	0xb8, 34, 0, 0, 0, // mov $SYS_pause, %eax
	0x0f, 0x05, //        syscall
	0xeb, 0xf7, //        jmp to the beginning
}

// exitProgram ends with the given code.
func exitProgram(code byte) tinyProgram {
	return tinyProgram{
		0xb8, 60, 0, 0, 0, //   mov $SYS_exit, %eax
		0xbf, code, 0, 0, 0, // mov $code, %edi
		0x0f, 0x05, //          syscall
	}
}
