using System.Text.Json;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Entities;

namespace DotnetGrpc;

/// <summary>The entities of the .NET worker, and the orchestrations that use them.</summary>
static class Entities
{
    public static void Register(DurableTaskRegistry tasks)
    {
        tasks.AddEntity<Counter>("Counter");
        tasks.AddOrchestratorFunc<JsonElement, object?>("CallEntity", async (context, input) =>
            await context.Entities.CallEntityAsync<JsonElement?>(Id(input, "entityId"), input.Text("name")!, input.Any("input")));
        tasks.AddOrchestratorFunc<JsonElement, int>("SignalThenCall", async (context, input) =>
        {
            EntityInstanceId id = Id(input, "entityId");
            await context.Entities.SignalEntityAsync(id, "Add", 3);
            await context.Entities.SignalEntityAsync(id, "Add", 4);
            return await context.Entities.CallEntityAsync<int>(id, "Get");
        });
        tasks.AddOrchestratorFunc<JsonElement, object>("CatchEntity", async (context, input) =>
        {
            try
            {
                await context.Entities.CallEntityAsync(Id(input, "entityId"), input.Text("name")!, input.Any("input"));
                return "no failure";
            }
            catch (EntityOperationFailedException failed)
            {
                return new { type = failed.FailureDetails.ErrorType, message = failed.FailureDetails.ErrorMessage };
            }
        });
        // Moves an amount while both are locked; with "hold", the locks are kept until the event Go.
        tasks.AddOrchestratorFunc<JsonElement, int[]>("Transfer", async (context, input) =>
        {
            EntityInstanceId from = Id(input, "from"), to = Id(input, "to");
            await using (await context.Entities.LockEntitiesAsync(from, to))
            {
                int had = await context.Entities.CallEntityAsync<int>(from, "Get");
                if (input.Flag("hold")) await context.WaitForExternalEvent<JsonElement?>("Go");
                await context.Entities.CallEntityAsync(from, "Set", had - input.Number("amount"));
                await context.Entities.CallEntityAsync<int>(to, "Add", input.Number("amount"));
                return [had, await context.Entities.CallEntityAsync<int>(to, "Get")];
            }
        });
    }

    static EntityInstanceId Id(JsonElement input, string name) => EntityInstanceId.FromString(input.Text(name)!);
}

class Counter : TaskEntity<int>
{
    public int Add(int amount) => this.State += amount;

    public int Get() => this.State;

    public void Set(int value) => this.State = value;

    /// <summary>What it changed and sent is undone by its failure.</summary>
    public void ChangeAndFail(string text)
    {
        this.State += 1000;
        this.Context.SignalEntity(new EntityInstanceId("counter", "never"), "Add", 1);
        throw new InvalidOperationException(text);
    }

    public void Forward(string key) => this.Context.SignalEntity(new EntityInstanceId("counter", key), "Add", this.State);

    public string StartWith(string instanceId) =>
        this.Context.ScheduleNewOrchestration("CallEcho", this.State, new StartOrchestrationOptions(instanceId));
}
