using System.Reflection;
using DurableTask.AzureStorage;

namespace DotnetLibrary;

/// <summary>What the library keeps to itself: how it reads and writes a message, and where it sends it.</summary>
sealed class Internals(AzureStorageOrchestrationServiceSettings settings)
{
    static readonly Assembly Library = typeof(AzureStorageOrchestrationService).Assembly;
    const BindingFlags Any = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
    readonly object manager = CreateManager(settings);

    static object CreateManager(AzureStorageOrchestrationServiceSettings settings)
    {
        var client = Activator.CreateInstance(TypeOf("Storage.AzureStorageClient"), Any, null, [settings], null)!;
        return Activator.CreateInstance(TypeOf("MessageManager"), Any, null, [settings, client, "interop-largemessages"], null)!;
    }

    /// <summary>The message as the library writes it after having read it.</summary>
    public async Task<string> Rewrite(string text)
    {
        var data = Call("DeserializeMessageData", text);
        return await (Task<string>)Call("SerializeMessageDataAsync", data, CancellationToken.None);
    }

    object Call(string method, params object[] args) => this.manager.GetType().GetMethod(method, Any)!.Invoke(this.manager, args)!;

    public static int PartitionOf(string instanceId, int partitions)
    {
        var hash = TypeOf("Fnv1aHashHelper").GetMethod("ComputeHash", Any, [typeof(string)])!;
        return (int)((uint)hash.Invoke(null, [instanceId])! % (uint)partitions);
    }

    static Type TypeOf(string name) => Library.GetType("DurableTask.AzureStorage." + name, true)!;
}
