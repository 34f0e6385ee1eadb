module.exports = async (context, entry) => context.log("inbox", entry, `received ${context.bindingData.dequeueCount} times`);
