import { OurSide, type OurSideOptions } from "../interop/sides.ts";

/** A worker of ours in a process of its own, which a test kills. What to open is its argument. */
const side = new OurSide(JSON.parse(process.argv[2]!) as OurSideOptions);
process.on("disconnect", () => process.exit());
side.startWorker().then(
  () => process.send?.("started"),
  (error: Error) => {
    process.send?.(error.message);
    process.exitCode = 1;
  },
);
