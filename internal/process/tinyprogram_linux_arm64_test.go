package process_test

import "debug/elf"

const tinyMachine = elf.EM_AARCH64

// pauseProgram waits for a signal that kills it.
var pauseProgram = tinyProgram{
	0x00, 0x00, 0x80, 0xd2, // mov x0, #0; the other arguments of ppoll(2) are 0 from the start
	0x28, 0x09, 0x80, 0xd2, // mov x8, #SYS_ppoll
	0x01, 0x00, 0x00, 0xd4, // svc #0
	0xfd, 0xff, 0xff, 0x17, // b to the beginning
}

// exitProgram ends with the given code.
func exitProgram(code byte) tinyProgram {
	return tinyProgram{
		code << 5, code >> 3, 0x80, 0xd2, // mov x0, #code
		0xa8, 0x0b, 0x80, 0xd2, //           mov x8, #SYS_exit
		0x01, 0x00, 0x00, 0xd4, //           svc #0
	}
}
