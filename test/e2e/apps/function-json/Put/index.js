module.exports = async (context, req) => {
  context.bindings.entry = req.body;
  context.res = { body: "put" };
};
