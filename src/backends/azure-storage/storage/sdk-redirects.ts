/**
 * For the pipelines of the SDKs. Storage sends nobody elsewhere, and whatever on the way does would be given the token or
 * signature of the account.
 */
export const followsNoRedirects: { readonly redirectOptions: { readonly maxRetries: number } } = {
  redirectOptions: { maxRetries: 0 },
};
