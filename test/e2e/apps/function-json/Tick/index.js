module.exports = async (context, timer) => context.log(`tick past due: ${timer.isPastDue}`);
