import { basics } from "./basics.ts";
import type { Behaviour } from "./behaviour.ts";
import { children } from "./children.ts";
import { combinators } from "./combinators.ts";
import { contexts } from "./contexts.ts";
import { entities } from "./entities.ts";
import { eventsAndTimers } from "./events-and-timers.ts";
import { failures } from "./failures.ts";

/** What orchestrations must do on every backend. */
export const behaviours: readonly Behaviour[] = [
  ...basics,
  ...failures,
  ...combinators,
  ...eventsAndTimers,
  ...children,
  ...contexts,
  ...entities,
];
