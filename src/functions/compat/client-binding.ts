/** Whether a binding gives a function a client; the second type is that of version 1 of the extension. */
export function isClientBinding({ type }: { readonly type: string }): boolean {
  return /^(?:durableClient|orchestrationClient)$/i.test(type);
}
