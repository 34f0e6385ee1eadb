/** A door of a host, and how those come in that have something to do there. */
export interface HttpDoor {
  /** Of all its paths. */
  readonly prefix: string;
  /** It serves local names only. */
  readonly isGuarded: boolean;
  readonly requests: readonly { readonly method: string; readonly target: string; readonly takesJson?: true }[];
  /** `{id}` stands for an instance id, a name or a key. */
  readonly idRoutes: readonly { readonly method: string; readonly target: string; readonly body?: string }[];
  readonly queryTarget: string;
  /** It knows the parameters of lists. */
  readonly hasQuery: boolean;
}

const api = "/runtime/webhooks/durabletask";

/** Of the app `test/e2e/apps/hostile`. */
export const httpDoors: readonly HttpDoor[] = [
  {
    prefix: api,
    isGuarded: true,
    requests: [
      { method: "GET", target: `${api}/instances/known` },
      { method: "GET", target: `${api}/instances` },
      { method: "POST", target: `${api}/orchestrators/ends`, takesJson: true },
      { method: "POST", target: `${api}/instances/known/raiseEvent/go`, takesJson: true },
      { method: "POST", target: `${api}/entities/Counter/known?op=add`, takesJson: true },
      { method: "POST", target: `${api}/instances/known/suspend` },
      { method: "GET", target: `${api}/entities/Counter/known` },
      { method: "GET", target: `${api}/openapi.json` },
    ],
    idRoutes: [
      { method: "POST", target: `${api}/orchestrators/ends/{id}`, body: "1" },
      { method: "POST", target: `${api}/orchestrators/{id}`, body: "1" },
      { method: "GET", target: `${api}/instances/{id}` },
      { method: "GET", target: `${api}/instances/{id}?showHistory=true&showHistoryOutput=true` },
      { method: "POST", target: `${api}/instances/{id}/raiseEvent/go`, body: "1" },
      { method: "POST", target: `${api}/instances/known/raiseEvent/{id}`, body: "1" },
      { method: "POST", target: `${api}/instances/{id}/suspend?reason=x` },
      { method: "POST", target: `${api}/instances/{id}/resume` },
      { method: "POST", target: `${api}/instances/{id}/terminate?reason=x` },
      { method: "POST", target: `${api}/instances/{id}/rewind` },
      { method: "POST", target: `${api}/instances/{id}/restart` },
      { method: "DELETE", target: `${api}/instances/{id}` },
      { method: "GET", target: `${api}/instances?instanceIdPrefix={id}` },
      { method: "GET", target: `${api}/entities/{id}/known` },
      { method: "POST", target: `${api}/entities/Counter/{id}?op=add`, body: "1" },
      { method: "DELETE", target: `${api}/entities/Counter/{id}` },
    ],
    queryTarget: `${api}/instances`,
    hasQuery: true,
  },
  {
    prefix: "/api",
    isGuarded: false,
    requests: [
      { method: "GET", target: "/api/echo/a/b" },
      { method: "POST", target: "/api/reads/a", takesJson: true },
      { method: "POST", target: "/api/begin/known" },
      { method: "GET", target: "/api/state/known" },
    ],
    idRoutes: [
      { method: "GET", target: "/api/echo/{id}/{id}" },
      { method: "POST", target: "/api/begin/{id}", body: "1" },
      { method: "GET", target: "/api/state/{id}" },
    ],
    queryTarget: "/api/echo/a/b",
    hasQuery: false,
  },
  {
    prefix: "/admin",
    isGuarded: true,
    requests: [
      { method: "GET", target: "/admin/host/status" },
      { method: "POST", target: "/admin/functions/reads", takesJson: true },
      { method: "GET", target: "/admin/functions" },
      { method: "POST", target: "/admin/host/ping" },
    ],
    idRoutes: [
      { method: "GET", target: "/admin/functions/{id}" },
      { method: "POST", target: "/admin/functions/{id}", body: '{"input":"1"}' },
      { method: "GET", target: "/admin/{id}" },
    ],
    queryTarget: "/admin/host/status",
    hasQuery: false,
  },
];
