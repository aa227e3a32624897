/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The switch for x86-64 with the System V ABI: rbx, rbp, r12 to r15 and the control bits of MXCSR and of the x87 control word
 * belong to the callee; everything else the caller has saved already. A stopped fiber looks like this:
 *
 *     sp -> | MXCSR, x87 cw | r15 | r14 | r13 | r12 | rbx | rbp | where to go on |
 *
 * Always true:
 *  1. The layout is the same on both sides of the switch of rsp, so the CFI holds at every instruction.
 *  2. It ends in `ret` if it goes on where the caller of this switch would. The processor's return stack then stays in step with the
 *     calls, so that this and the returns after it are predicted as long as the fibers stopped in the same functions: a switch and
 *     three returns, 28 ns with a jump and 6.5 ns with `ret`. If it goes on elsewhere, the return stack is wrong at its top, and most
 *     likely below; then an indirect jump is predicted, from what went before, and `ret` is not: a message from one function to
 *     another through a buffer, 40 ns with the jump and 58 ns with `ret`.
 *  3. For the same reason a fiber begins by a jump and ends by returning. Begun by `ret`, it takes the return address of the one that made
 *     way from the return stack; ended from within calls, it leaves theirs there. Either way all returns of the next fiber are
 *     mispredicted, up to its own beginning: a task that is started and joined cost 140 ns instead of 105.
 *  4. There is no note that promises shadow stacks or branch tracking (CET). The linker then turns both off for the
 *     program, which is right: this could not satisfy the first.
 */

#ifdef __APPLE__
#define NAME(n) _##n
#define HIDDEN(n) .private_extern NAME (n)
#define FUNCTION(n)
#define END(n)
#else
#define NAME(n) n
#define HIDDEN(n) .hidden NAME (n)
#define FUNCTION(n) .type NAME (n), @function
#define END(n) .size NAME (n), . - NAME (n)
#endif

#define PUSH(reg) \
  pushq %reg; \
  .cfi_adjust_cfa_offset 8; \
  .cfi_rel_offset reg, 0

#define POP(reg) \
  popq %reg; \
  .cfi_adjust_cfa_offset -8; \
  .cfi_restore reg

  .text

/* int trio_fiber_jump (void **save_sp (rdi), void *to_sp (rsi)) */
  .globl NAME (trio_fiber_jump)
  HIDDEN (trio_fiber_jump)
  FUNCTION (trio_fiber_jump)
  .p2align 5
NAME (trio_fiber_jump):
  .cfi_startproc
  movq (%rsp), %r8
  PUSH (rbp)
  PUSH (rbx)
  PUSH (r12)
  PUSH (r13)
  PUSH (r14)
  PUSH (r15)
  subq $8, %rsp
  .cfi_adjust_cfa_offset 8
  stmxcsr (%rsp)
  fnstcw 4(%rsp)

  movq %rsp, (%rdi)
  movq %rsi, %rsp
.Lgo_on:

  /* Half of the cost of a switch is STMXCSR above (2.7 of 5.3 ns, measured on a Zen). Things that do not work: to compare first and
   * load only what differs takes 6.8 ns. */
  ldmxcsr (%rsp)
  fldcw 4(%rsp)
  addq $8, %rsp
  .cfi_adjust_cfa_offset -8
  POP (r15)
  POP (r14)
  POP (r13)
  POP (r12)
  POP (rbx)
  POP (rbp)
  movq (%rsp), %rcx
  movl $1, %eax
  cmpq %rcx, %r8
  jne .Lelsewhere
  ret
.Lelsewhere:
  .cfi_remember_state
  leaq NAME (trio_fiber_bottom) (%rip), %r8
  cmpq %r8, %rcx
  je .Lbegin
  addq $8, %rsp
  .cfi_adjust_cfa_offset -8
  jmp *%rcx
.Lbegin:
  .cfi_restore_state
  addq $8, %rsp
  .cfi_adjust_cfa_offset -8
  jmp NAME (trio_fiber_bottom)
  .cfi_endproc
  END (trio_fiber_jump)

/* The first frame of every fiber: trio_fiber_prepare() left entry in r12 and data in r13. Its return address is undefined, which is
 * the CFI's way to say that nobody called it; every unwinder stops here. They look up a return address at the byte before
 * it, hence the nop and the label after it. What entry returns is the fiber that goes on, whose first word is its sp. */
  .globl NAME (trio_fiber_bottom)
  HIDDEN (trio_fiber_bottom)
  FUNCTION (trio_fiber_bottom)
  .cfi_startproc
  .cfi_undefined rip
  nop
NAME (trio_fiber_bottom):
  movq %r13, %rdi
  callq *%r12
  movq (%rax), %rsp
  movq $0, (%rax)
  /* Its calls are all taken back, so the next one goes on by `ret`; unless that begins. */
  movq 56(%rsp), %r8
  leaq NAME (trio_fiber_bottom) (%rip), %rcx
  xorl %edx, %edx
  cmpq %rcx, %r8
  cmoveq %rdx, %r8
  jmp .Lgo_on
  .cfi_endproc
  END (trio_fiber_bottom)

/* void *trio_fiber_prepare (void *stack_low (rdi), gsize stack_bytes (rsi), TrioFiberFunc entry (rdx), gpointer data (rcx)) */
  .globl NAME (trio_fiber_prepare)
  HIDDEN (trio_fiber_prepare)
  FUNCTION (trio_fiber_prepare)
NAME (trio_fiber_prepare):
  .cfi_startproc
  leaq (%rdi, %rsi), %rax
  andq $-16, %rax
  /* Zeroes at the top for those who walk by frame pointers; and rsp is a multiple of 16 when trio_fiber_bottom begins. */
  movq $0, -8(%rax)
  movq $0, -16(%rax)
  leaq NAME (trio_fiber_bottom) (%rip), %r8
  movq %r8, -24(%rax)
  subq $80, %rax
  movq $0, 48(%rax)                 /* rbp: frame pointers end here */
  movq $0, 40(%rax)                 /* rbx */
  movq %rdx, 32(%rax)               /* r12 */
  movq %rcx, 24(%rax)               /* r13 */
  movq $0, 16(%rax)                 /* r14 */
  movq $0, 8(%rax)                  /* r15 */
  stmxcsr (%rax)
  fnstcw 4(%rax)
  retq
  .cfi_endproc
  END (trio_fiber_prepare)

/* int trio_fiber_look_from (void *sp (rdi), void (*func) (gpointer) (rsi), gpointer data (rdx))
 * An ordinary call of func (data), on the caller's stack. But while it lasts the CFI says that this frame was called by the fiber that
 * stopped at sp, and that the registers are where the jump put them: an unwinder goes on there. rbx keeps sp, and is itself put back by
 * the unwinders of the frames above. Returns TRUE. */
  .globl NAME (trio_fiber_look_from)
  HIDDEN (trio_fiber_look_from)
  FUNCTION (trio_fiber_look_from)
NAME (trio_fiber_look_from):
  .cfi_startproc
  PUSH (rbx)
  movq %rdi, %rbx
  movq %rdx, %rdi
  .cfi_remember_state
  .cfi_def_cfa rbx, 64
  .cfi_offset rbp, -16
  .cfi_offset rbx, -24
  .cfi_offset r12, -32
  .cfi_offset r13, -40
  .cfi_offset r14, -48
  .cfi_offset r15, -56
  callq *%rsi
  .cfi_restore_state
  movl $1, %eax
  POP (rbx)
  ret
  .cfi_endproc
  END (trio_fiber_look_from)

#if defined(__linux__) && defined(__ELF__)
  .section .note.GNU-stack, "", %progbits
#endif
