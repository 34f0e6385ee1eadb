module.exports = function (context) {
  context.res = { body: "done" };
  context.done();
};
