/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The switch for aarch64 with the standard procedure call: x19 to x29, the link register and the lower halves of v8 to v15
 * belong to the callee, and FPCR may only be changed by those who are asked to. A stopped fiber looks like this:
 *
 *     sp -> | x19 … x28 | x29 | x30: where to go on | d8 … d15 | FPCR | (nothing) |
 *
 * Always true:
 *  1. The layout is the same on both sides of the switch of sp, so the CFI holds at every instruction.
 *  2. It ends in `ret`, and a fiber begins by a jump and ends by returning, for the reason told in fiber-x86_64.S.
 *  3. Nothing here promises pointer authentication or branch tracking.
 */

#ifdef __APPLE__
#define NAME(n) _##n
#define HIDDEN(n) .private_extern NAME (n)
#define FUNCTION(n)
#define END(n)
#else
#define NAME(n) n
#define HIDDEN(n) .hidden NAME (n)
#define FUNCTION(n) .type NAME (n), %function
#define END(n) .size NAME (n), . - NAME (n)
#endif

#define FRAME 176

  .text

/* int trio_fiber_jump (void **save_sp (x0), void *to_sp (x1)) */
  .globl NAME (trio_fiber_jump)
  HIDDEN (trio_fiber_jump)
  FUNCTION (trio_fiber_jump)
  .p2align 5
NAME (trio_fiber_jump):
  .cfi_startproc
  sub sp, sp, #FRAME
  .cfi_adjust_cfa_offset FRAME
  stp x19, x20, [sp, #0]
  .cfi_rel_offset x19, 0
  .cfi_rel_offset x20, 8
  stp x21, x22, [sp, #16]
  .cfi_rel_offset x21, 16
  .cfi_rel_offset x22, 24
  stp x23, x24, [sp, #32]
  .cfi_rel_offset x23, 32
  .cfi_rel_offset x24, 40
  stp x25, x26, [sp, #48]
  .cfi_rel_offset x25, 48
  .cfi_rel_offset x26, 56
  stp x27, x28, [sp, #64]
  .cfi_rel_offset x27, 64
  .cfi_rel_offset x28, 72
  stp x29, x30, [sp, #80]
  .cfi_rel_offset x29, 80
  .cfi_rel_offset x30, 88
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mrs x10, fpcr
  str x10, [sp, #160]

  mov x9, sp
  str x9, [x0]
  mov sp, x1
.Lgo_on:

  /* Writing FPCR is slow and nearly always writes what is there already. */
  ldr x11, [sp, #160]
  cmp x10, x11
  b.eq 1f
  msr fpcr, x11
1:
  ldp d14, d15, [sp, #144]
  ldp d12, d13, [sp, #128]
  ldp d10, d11, [sp, #112]
  ldp d8, d9, [sp, #96]
  ldp x29, x30, [sp, #80]
  .cfi_restore x29
  .cfi_restore x30
  ldp x27, x28, [sp, #64]
  .cfi_restore x27
  .cfi_restore x28
  ldp x25, x26, [sp, #48]
  .cfi_restore x25
  .cfi_restore x26
  ldp x23, x24, [sp, #32]
  .cfi_restore x23
  .cfi_restore x24
  ldp x21, x22, [sp, #16]
  .cfi_restore x21
  .cfi_restore x22
  ldp x19, x20, [sp, #0]
  .cfi_restore x19
  .cfi_restore x20
  add sp, sp, #FRAME
  .cfi_adjust_cfa_offset -FRAME
#ifdef __APPLE__
  adrp x12, NAME (trio_fiber_bottom)@PAGE
  add x12, x12, NAME (trio_fiber_bottom)@PAGEOFF
#else
  adrp x12, trio_fiber_bottom
  add x12, x12, :lo12:trio_fiber_bottom
#endif
  cmp x30, x12
  b.eq NAME (trio_fiber_bottom)
  mov w0, #1
  ret
  .cfi_endproc
  END (trio_fiber_jump)

/* The first frame of every fiber: trio_fiber_prepare() left entry in x19 and data in x20. Its return address is undefined, which is
 * the CFI's way to say that nobody called it; every unwinder stops here. They look up a return address at the instruction
 * before it, hence the nop and the label after it. What entry returns is the fiber that goes on, whose first word is its sp. */
  .globl NAME (trio_fiber_bottom)
  HIDDEN (trio_fiber_bottom)
  FUNCTION (trio_fiber_bottom)
  .cfi_startproc
  .cfi_undefined x30
  nop
NAME (trio_fiber_bottom):
  mov x0, x20
  blr x19
  ldr x1, [x0]
  str xzr, [x0]
  mov sp, x1
  b .Lgo_on
  .cfi_endproc
  END (trio_fiber_bottom)

/* void *trio_fiber_prepare (void *stack_low (x0), gsize stack_bytes (x1), TrioFiberFunc entry (x2), gpointer data (x3)) */
  .globl NAME (trio_fiber_prepare)
  HIDDEN (trio_fiber_prepare)
  FUNCTION (trio_fiber_prepare)
NAME (trio_fiber_prepare):
  .cfi_startproc
  add x9, x0, x1
  and x9, x9, #-16
  /* Zeroes at the top for those who walk by frame pointers. */
  stp xzr, xzr, [x9, #-16]!
  sub x9, x9, #FRAME
  stp x2, x3, [x9, #0]              /* x19, x20 */
  stp xzr, xzr, [x9, #16]
  stp xzr, xzr, [x9, #32]
  stp xzr, xzr, [x9, #48]
  stp xzr, xzr, [x9, #64]
#ifdef __APPLE__
  adrp x10, NAME (trio_fiber_bottom)@PAGE
  add x10, x10, NAME (trio_fiber_bottom)@PAGEOFF
#else
  adrp x10, trio_fiber_bottom
  add x10, x10, :lo12:trio_fiber_bottom
#endif
  stp xzr, x10, [x9, #80]           /* x29: frame pointers end here; x30 */
  stp xzr, xzr, [x9, #96]
  stp xzr, xzr, [x9, #112]
  stp xzr, xzr, [x9, #128]
  stp xzr, xzr, [x9, #144]
  mrs x11, fpcr
  stp x11, xzr, [x9, #160]
  mov x0, x9
  ret
  .cfi_endproc
  END (trio_fiber_prepare)

/* int trio_fiber_look_from (void *sp (x0), void (*func) (gpointer) (x1), gpointer data (x2))
 * As told in fiber-x86_64.S; x19 keeps sp. */
  .globl NAME (trio_fiber_look_from)
  HIDDEN (trio_fiber_look_from)
  FUNCTION (trio_fiber_look_from)
NAME (trio_fiber_look_from):
  .cfi_startproc
  stp x29, x30, [sp, #-32]!
  .cfi_adjust_cfa_offset 32
  .cfi_rel_offset x29, 0
  .cfi_rel_offset x30, 8
  str x19, [sp, #16]
  .cfi_rel_offset x19, 16
  mov x19, x0
  mov x0, x2
  .cfi_remember_state
  .cfi_def_cfa x19, FRAME
  .cfi_offset x19, 0 - FRAME
  .cfi_offset x20, 8 - FRAME
  .cfi_offset x21, 16 - FRAME
  .cfi_offset x22, 24 - FRAME
  .cfi_offset x23, 32 - FRAME
  .cfi_offset x24, 40 - FRAME
  .cfi_offset x25, 48 - FRAME
  .cfi_offset x26, 56 - FRAME
  .cfi_offset x27, 64 - FRAME
  .cfi_offset x28, 72 - FRAME
  .cfi_offset x29, 80 - FRAME
  .cfi_offset x30, 88 - FRAME
  blr x1
  .cfi_restore_state
  mov w0, #1
  ldr x19, [sp, #16]
  .cfi_restore x19
  ldp x29, x30, [sp], #32
  .cfi_restore x29
  .cfi_restore x30
  .cfi_adjust_cfa_offset -32
  ret
  .cfi_endproc
  END (trio_fiber_look_from)

#if defined(__linux__) && defined(__ELF__)
  .section .note.GNU-stack, "", %progbits
#endif
