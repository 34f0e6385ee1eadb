/** Whether only this machine can reach what listens on an address. */
export function isLoopback(address: string): boolean {
  return address.toLowerCase() === "localhost" || address === "::1" || /^127(?:\.\d{1,3}){3}$/.test(address);
}

/** How an address that is listened on reads in a URL: those that stand for all of the machine's are `localhost`. */
export function hostInUrl(address: string): string {
  if (isLoopback(address) || address === "0.0.0.0" || address === "::") return "localhost";
  return address.includes(":") ? `[${address}]` : address;
}
