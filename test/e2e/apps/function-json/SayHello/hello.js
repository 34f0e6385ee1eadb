exports.say = async (context) => {
  context.log.warn("saying");
  return `Hello ${context.bindings.city}!`;
};
exports.other = () => {};
