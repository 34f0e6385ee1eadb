using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.DurableTask;

namespace DotnetGrpc;

/// <summary>The orchestrations and activities of the .NET worker; the JavaScript ones of the same names behave alike.</summary>
static class Orchestrations
{
    static readonly ConcurrentDictionary<string, int> flakyCalls = new();

    public static void Register(DurableTaskRegistry tasks)
    {
        tasks.AddActivityFunc<JsonElement?, string>("Hello", (_, name) => $"Hello, {name}!");
        tasks.AddActivityFunc<JsonElement?, JsonElement?>("Echo", (_, value) => value);
        tasks.AddActivityFunc<int, string>("Blob", (_, size) => new string('x', size));
        tasks.AddActivityFunc<string, string>("Break", (_, text) => Throw(text));
        tasks.AddActivityFunc<int, string>("Sleep", async (_, ms) =>
        {
            await Task.Delay(ms);
            return "slept";
        });
        // Fails as often in an instance as its input says, then gives the number of its calls.
        tasks.AddActivityFunc<int, int>("Flaky", (context, failures) =>
        {
            int calls = flakyCalls.AddOrUpdate(context.InstanceId, 1, (_, before) => before + 1);
            return calls <= failures ? throw new TimeoutException("not yet") : calls;
        });

        tasks.AddActivityFunc<string>("TraceId", _ => Activity.Current?.TraceId.ToString() ?? "none");
        tasks.AddOrchestratorFunc<bool, string[]>("Traces", async (context, hasChild) =>
        [
            await context.CallActivityAsync<string>("TraceId"),
            .. hasChild ? await context.CallSubOrchestratorAsync<string[]>("Traces", false) : [],
        ]);

        tasks.AddOrchestratorFunc("Empty", _ => Task.CompletedTask);
        tasks.AddOrchestratorFunc<JsonElement?, JsonElement?>("CallEcho", async (context, input) =>
            await context.CallActivityAsync<JsonElement?>("Echo", input));
        tasks.AddOrchestratorFunc<string[]>("Sequence", async context =>
        [
            await context.CallActivityAsync<string>("Hello", "Tokyo"),
            await context.CallActivityAsync<string>("Hello", "Seattle"),
            await context.CallActivityAsync<string>("Hello", "London"),
        ]);
        tasks.AddOrchestratorFunc<int, int>("FanOut", async (context, count) =>
        {
            int[] values = await Task.WhenAll(Enumerable.Range(1, count).Select(i => context.CallActivityAsync<int>("Echo", i)));
            return values.Sum();
        });
        tasks.AddOrchestratorFunc<int, object>("Tree", async (context, depth) => new
        {
            id = context.InstanceId,
            parent = context.Parent is { } parent ? new { name = parent.Name.Name, id = parent.InstanceId } : null,
            child = depth == 0 ? null : await context.CallSubOrchestratorAsync<JsonElement?>("Tree", depth - 1),
        });
        // The child has the id that the input gives, and may be one of another worker.
        tasks.AddOrchestratorFunc<JsonElement, JsonElement?>("CallChild", (context, input) => context.CallSubOrchestratorAsync<JsonElement?>(
            input.Text("name")!, input.Any("input"), new SubOrchestrationOptions { InstanceId = input.Text("instanceId") }));
        tasks.AddOrchestratorFunc<JsonElement, JsonElement?>("CallActivity", (context, input) =>
            context.CallActivityAsync<JsonElement?>(input.Text("name")!, input.Any("input")));
        tasks.AddOrchestratorFunc<int, JsonElement?>("WaitForGo", async (context, timeoutMs) =>
        {
            try
            {
                return await context.WaitForExternalEvent<JsonElement?>("Go", TimeSpan.FromMilliseconds(timeoutMs));
            }
            catch (TaskCanceledException)
            {
                return JsonSerializer.SerializeToElement("timed out");
            }
        });
        tasks.AddOrchestratorFunc<int, JsonElement?[]>("WaitForMany", async (context, count) =>
        {
            List<JsonElement?> seen = [];
            while (seen.Count < count) seen.Add(await context.WaitForExternalEvent<JsonElement?>("Item"));
            return [.. seen];
        });
        tasks.AddOrchestratorFunc<string, string>("SendGo", async (context, target) =>
        {
            context.SendEvent(target, "go", new { by = context.InstanceId });
            return await Task.FromResult("sent");
        });
        tasks.AddOrchestratorFunc<int, bool>("Timer", async (context, ms) =>
        {
            DateTime due = context.CurrentUtcDateTime.AddMilliseconds(ms);
            await context.CreateTimer(due, CancellationToken.None);
            return context.CurrentUtcDateTime >= due;
        });
        tasks.AddOrchestratorFunc<JsonElement, int>("Retry", (context, input) => context.CallActivityAsync<int>(
            "Flaky", input.Number("failures"), new TaskOptions(new TaskRetryOptions(new RetryPolicy(input.Number("attempts")!.Value, TimeSpan.FromMilliseconds(50), 2.0)))));
        tasks.AddOrchestratorFunc<int, int>("CallFlaky", (context, failures) => context.CallActivityAsync<int>("Flaky", failures));
        tasks.AddOrchestratorFunc<string, string>("RetryChild", (context, text) => context.CallSubOrchestratorAsync<string>(
            "Fail", text, new TaskOptions(new TaskRetryOptions(new RetryPolicy(2, TimeSpan.FromMilliseconds(50))))));
        tasks.AddOrchestratorFunc<int, int>("CountDown", async (context, left) =>
        {
            await context.CallActivityAsync("Echo", left);
            context.SetCustomStatus(left);
            if (left > 0) context.ContinueAsNew(left - 1);
            return left;
        });
        // Takes one event in each generation: those that came too early are kept.
        tasks.AddOrchestratorFunc<int[], int[]>("Collect", async (context, seen) =>
        {
            int value = await context.WaitForExternalEvent<int>("Item");
            int[] next = [.. seen!, value];
            if (next.Length < 4) context.ContinueAsNew(next);
            return next;
        });
        tasks.AddOrchestratorFunc<string, string>("Status", async (context, text) =>
        {
            context.SetCustomStatus(new { text, step = 1 });
            await context.WaitForExternalEvent<JsonElement?>("Go");
            context.SetCustomStatus("");
            return text!;
        });
        tasks.AddOrchestratorFunc<string, string>("Fail", async (context, text) => await context.CallActivityAsync<string>("Break", text));
        tasks.AddOrchestratorFunc<string, string>("FailItself", (_, text) => Throw(text));
        tasks.AddOrchestratorFunc<string, object>("Catch", async (context, text) =>
        {
            try
            {
                return await context.CallActivityAsync<string>("Break", text);
            }
            catch (TaskFailedException failed)
            {
                TaskFailureDetails details = failed.FailureDetails;
                return new { type = details.ErrorType, message = details.ErrorMessage, inner = details.InnerFailure?.ErrorMessage };
            }
        });
        tasks.AddOrchestratorFunc("Missing", context => context.CallActivityAsync("NoSuchActivity"));
        tasks.AddOrchestratorFunc<string>("Version", context => Task.FromResult(context.Version));
        tasks.AddOrchestratorFunc<string>("VersionOfChild", context => context.CallSubOrchestratorAsync<string>("Version"));
        tasks.AddOrchestratorFunc<Guid[]>("Guids", async context =>
        {
            Guid first = context.NewGuid();
            await context.CallActivityAsync("Echo", first);
            return [first, context.NewGuid()];
        });
        // A history and an answer of many bytes.
        tasks.AddOrchestratorFunc<JsonElement, int>("Large", async (context, input) =>
        {
            int size = input.Number("size")!.Value, total = 0;
            for (int i = 0; i < input.Number("rounds"); i++) total += (await context.CallActivityAsync<string>("Blob", size)).Length;
            string text = new('y', size);
            await Task.WhenAll(Enumerable.Range(0, input.Number("wide")!.Value).Select(_ => context.CallActivityAsync<string>("Echo", text)));
            return total;
        });
    }

    static string Throw(string text) =>
        throw new InvalidOperationException(text, new ArgumentException("the inner reason"));
}
