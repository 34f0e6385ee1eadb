using DurableTask.Core.Entities;
using Newtonsoft.Json.Linq;

namespace DotnetLibrary;

/// <summary>Those that use entities; `entity-app.ts` has the same, so that either side can go on with what the other began.</summary>
static class EntityOrchestrations
{
    public static readonly IReadOnlyDictionary<string, OrchestrationCode> All = new Dictionary<string, OrchestrationCode>
    {
        ["CallCounter"] = CallCounter,
        ["CallCounterLater"] = async (self, input) =>
        {
            await self.Event("Go");
            return await CallCounter(self, input);
        },
        ["Call"] = async (self, input) =>
            await self.Call((string)input["entity"]!, (string)input["operation"]!, input["input"]),
        ["Signal"] = (self, input) =>
        {
            self.Signal((string)input["entity"]!, (string)input["operation"]!, input["input"], (double?)input["delay"]);
            return Task.FromResult<JToken?>("signalled");
        },
        ["SignalTwice"] = async (self, input) =>
        {
            self.Signal("@list@" + input["key"], "append", 1);
            await self.Event("Go");
            self.Signal("@list@" + input["key"], "append", 2);
            return "signalled";
        },
        ["Catch"] = async (self, input) =>
        {
            try
            {
                return await self.Call((string)input["entity"]!, (string)input["operation"]!, input["input"]);
            }
            catch (EntityFailed error)
            {
                return new JObject { ["type"] = error.Type, ["message"] = error.Message };
            }
        },
        ["Transfer"] = async (self, input) =>
        {
            var (from, to, amount) = ((string)input["from"]!, (string)input["to"]!, (int)input["amount"]!);
            await self.Lock(new EntityId("account", from), new EntityId("account", to));
            self.Mark("enter");
            try
            {
                if ((int)await self.Call("@account@" + from, "balance") < amount) return false;
                await self.Call("@account@" + from, "withdraw", amount);
                await self.Call("@account@" + to, "deposit", amount);
                return true;
            }
            finally
            {
                self.Mark("leave");
                self.Release();
            }
        },
        // Deposits 1 before the event, 10 after it, and 100 after the release.
        ["HoldLock"] = async (self, input) =>
        {
            var keys = input["keys"]!.Select(key => (string)key!).ToArray();
            await self.Lock(keys.Select(key => new EntityId("account", key)).ToArray());
            self.Mark("enter");
            foreach (var key in keys) await self.Call("@account@" + key, "deposit", 1);
            await self.Event("Go");
            foreach (var key in keys) await self.Call("@account@" + key, "deposit", 10);
            self.Mark("leave");
            self.Release();
            var balances = new JArray();
            foreach (var key in keys) balances.Add(await self.Call("@account@" + key, "deposit", 100));
            return balances;
        },
    };

    static async Task<JToken?> CallCounter(Orchestration self, JToken input)
    {
        var counter = "@counter@" + input["key"];
        for (var i = 0; i < (int)input["signals"]!; i++) self.Signal(counter, "add", 1);
        for (var i = 0; i < (int)input["calls"]!; i++) await self.Call(counter, "add", 1);
        return await self.Call(counter, "get");
    }
}

/// <summary>When sections were entered and left.</summary>
static class Marks
{
    static readonly List<JObject> Noted = [];

    public static void Add(string instanceId, string what)
    {
        var at = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        lock (Noted) Noted.Add(new JObject { ["instanceId"] = instanceId, ["what"] = what, ["at"] = at });
    }

    public static JToken Read()
    {
        lock (Noted) return new JArray(Noted.Select(each => each.DeepClone()));
    }
}
