// What is half written outlives a lock and a look at another page; nobody should write the same at night twice. Kept
// in this page's memory alone, never in the browser's storage, and gone when another person holds the phone.
const kept = new Map<string, unknown>();

// To be called while a component is made.
export function draft<Fields extends object>(key: string, empty: Fields): Fields {
  const fields = $state({ ...empty, ...(kept.get(key) as Fields | undefined) });
  $effect(() => {
    kept.set(key, $state.snapshot(fields));
  });
  return fields;
}
export function forgetDrafts(): void {
  kept.clear();
}
