using DurableTask.Core;
using DurableTask.Core.Entities;
using DurableTask.Core.Entities.OperationFormat;
using Newtonsoft.Json.Linq;

namespace DotnetLibrary;

/// <summary>What an operation sees: the state, which it may change, and what it may ask of others.</summary>
sealed class Operation(JToken? state)
{
    public JToken? State = state;
    public readonly List<OperationAction> Actions = [];

    public int Number => this.State?.Value<int>() ?? 0;

    public JToken Set(JToken value) => this.State = value;

    public void Start(string instanceId, string orchestration, JToken input) =>
        this.Actions.Add(new StartNewOrchestrationOperationAction
        {
            InstanceId = instanceId,
            Name = orchestration,
            Version = "",
            Input = Json.Write(input),
        });

    public void Signal(string entity, string operation, JToken input) =>
        this.Actions.Add(new SendSignalOperationAction { InstanceId = entity, Name = operation, Input = Json.Write(input) });
}

delegate JToken? OperationCode(Operation self, JToken input);

/// <summary>Runs operations on a JSON state. One that throws leaves state and signals as they were before it.</summary>
sealed class JsonEntity(IReadOnlyDictionary<string, OperationCode> code) : TaskEntity
{
    public override Task<EntityBatchResult> ExecuteOperationBatchAsync(EntityBatchRequest request)
    {
        var batch = new EntityBatchResult { Results = [], Actions = [], EntityState = request.EntityState };
        foreach (var asked in request.Operations!)
        {
            var result = new OperationResult { StartTimeUtc = DateTime.UtcNow };
            try
            {
                if (!code.TryGetValue(asked.Operation!, out var run))
                    throw new NotSupportedException($"no operation '{asked.Operation}'");
                var operation = new Operation(batch.EntityState is null ? null : Json.Read(batch.EntityState));
                var output = run(operation, Json.Read(asked.Input));
                result.Result = output is null ? null : Json.Write(output);
                batch.EntityState = operation.State is null ? null : Json.Write(operation.State);
                foreach (var action in operation.Actions) batch.Actions.Add(action);
            }
            catch (Exception error)
            {
                result.FailureDetails = new FailureDetails(error);
            }
            result.EndTimeUtc = DateTime.UtcNow;
            batch.Results.Add(result);
        }
        return Task.FromResult(batch);
    }
}

static class Entities
{
    static readonly Dictionary<string, OperationCode> Counter = new()
    {
        ["add"] = (self, input) => self.Set(self.Number + input.Value<int>()),
        ["get"] = (self, _) => self.Number,
        ["reset"] = (self, _) => self.Set(0),
        ["delete"] = (self, _) => self.State = null,
        ["fail"] = (self, _) =>
        {
            self.Set(self.Number + 1000);
            self.Signal("@counter@never", "add", 1);
            throw new InvalidOperationException("the counter is stuck");
        },
        ["forward"] = (self, input) =>
        {
            self.Signal((string)input["to"]!, "add", input["amount"]!);
            return null;
        },
        ["start"] = (self, input) =>
        {
            self.Start((string)input["instanceId"]!, "CallCounter", input);
            return null;
        },
    };

    static readonly Dictionary<string, OperationCode> Account = new()
    {
        ["balance"] = (self, _) => self.Number,
        ["deposit"] = (self, input) => self.Set(self.Number + input.Value<int>()),
        ["withdraw"] = (self, input) =>
        {
            if (self.Number < input.Value<int>()) throw new InvalidOperationException($"only {self.Number} left");
            return self.Set(self.Number - input.Value<int>());
        },
    };

    static readonly Dictionary<string, OperationCode> List = new()
    {
        ["append"] = (self, input) =>
        {
            var list = (JArray)(self.State ?? new JArray());
            list.Add(input);
            self.Set(list);
            return null;
        },
        ["read"] = (self, _) => self.State ?? new JArray(),
    };

    public static readonly IReadOnlyDictionary<string, Func<TaskEntity>> All = new Dictionary<string, Func<TaskEntity>>
    {
        ["counter"] = () => new JsonEntity(Counter),
        ["account"] = () => new JsonEntity(Account),
        ["list"] = () => new JsonEntity(List),
    };
}
