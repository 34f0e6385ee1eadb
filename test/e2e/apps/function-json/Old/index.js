module.exports = function (context, req) {
  setTimeout(() => {
    context.res.status(201).set("X-A", 1).json({ q: req.query.q, host: req.get("HOST") !== undefined });
  }, 20);
};
