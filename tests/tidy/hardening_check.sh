#!/usr/bin/env bash
# Every program that is installed: position independent, full RELRO, no executable stack, fortified, with stack
# protection and stack probes. Reads the ELF file, so it sees what the flags became; that variables are
# initialised leaves no mark there.
set -euo pipefail
bin=$1
failed=0
for program in nattevagt nattevagt-agent nattevagt-broker; do
  file=$bin/$program
  [[ -x $file ]] || { echo "$program: not built"; failed=1; continue; }
  header=$(readelf -hW "$file"); segments=$(readelf -lW "$file"); dynamic=$(readelf -dW "$file")
  symbols=$(readelf --dyn-syms -W "$file")
  check() { grep -qE "$2" <<<"$3" || { echo "$program: $1"; failed=1; }; }
  check "is not a PIE" 'Type: +DYN' "$header"
  check "has no RELRO" 'GNU_RELRO' "$segments"
  check "does not bind now" 'BIND_NOW|FLAGS_1.*NOW' "$dynamic"
  check "has an executable stack" 'GNU_STACK.* RW +0x' "$segments"
  check "has no stack protector" '__stack_chk_fail' "$symbols"
  check "is not fortified" '__(mem|str|v?s?n?printf|v?f?printf)[a-z]*_chk' "$symbols"
  # Large frames are touched page by page.
  probes=$(objdump -d --no-show-raw-insn "$file" | grep -cE 'or[lq] +\$0x0,\(%rsp\)' || true)
  ((probes > 0)) || { echo "$program: has no stack probes (stack clash)"; failed=1; }
done
((failed == 0)) && echo "hardening: all checks hold"
exit "$failed"
