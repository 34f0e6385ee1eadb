/**
 * Node arguments that end a child with its parent, whatever way the parent dies: the child's stdin must be a pipe, which
 * closes then. So no process outlives a test run that was killed.
 */
export const endWithParent: readonly string[] = [
  "--import",
  `data:text/javascript,process.stdin.on("close",()=>process.kill(process.pid,"SIGTERM"));process.stdin.resume();process.stdin.unref();`,
];
