using DurableTask.AzureStorage;
using DurableTask.AzureStorage.Partitioning;
using Newtonsoft.Json.Linq;

namespace DotnetLibrary;

/// <summary>What a request says of its hub. Settings that are left out are the library's own, but for the pace.</summary>
sealed class HubOptions(string connectionString, JObject request)
{
    public string Name => (string)request["hub"]!;

    /// <summary>Exceptions as texts of JSON, in place of failure details, as functions in the process of the host have them.</summary>
    public bool SerializeExceptions => (bool?)request["serializeExceptions"] ?? false;

    /// <summary>How long a partition stays with a worker that is not heard of.</summary>
    TimeSpan Held => TimeSpan.FromMilliseconds((double?)request["leaseMs"] ?? 10_000);

    /// <summary>How partitions are kept: table, safe or legacy.</summary>
    string Management => (string?)request["management"] ?? "table";

    /// <param name="app">name of its app</param>
    public AzureStorageOrchestrationServiceSettings For(string worker, string? app = null) => new()
    {
        UseTablePartitionManagement = this.Management == "table",
        UseLegacyPartitionManagement = this.Management == "legacy",
        AppName = app ?? "",
        AppLeaseOptions = new AppLeaseOptions
        {
            AcquireInterval = TimeSpan.FromSeconds(1),
            LeaseInterval = TimeSpan.FromSeconds(15),
            RenewInterval = TimeSpan.FromSeconds(3),
        },
        StorageAccountClientProvider = new StorageAccountClientProvider(connectionString),
        TaskHubName = this.Name,
        PartitionCount = (int?)request["partitions"] ?? 4,
        WorkerId = worker,
        UseSeparateQueueForEntityWorkItems = true,
        QueueClientMessageEncoding = (string?)request["encoding"] == "base64"
            ? QueueClientMessageEncoding.Base64
            : QueueClientMessageEncoding.UTF8,
        ExtendedSessionsEnabled = (bool?)request["extendedSessions"] ?? false,
        UseInstanceTableEtag = (bool?)request["instanceEtag"] ?? false,
        UseDataContractSerialization = (bool?)request["dataContract"] ?? false,
        // The emulator of a busy machine takes longer than 2 s at times, and a lease that was lost to that proves nothing.
        PartitionTableOperationTimeout = TimeSpan.FromSeconds(8),
        MaxConcurrentTaskActivityWorkItems = 40,
        MaxQueuePollingInterval = TimeSpan.FromMilliseconds((double?)request["pollMs"] ?? 100),
        // Who is killed is succeeded soon.
        ControlQueueVisibilityTimeout = this.Held + TimeSpan.FromSeconds(5),
        WorkItemQueueVisibilityTimeout = this.Held + TimeSpan.FromSeconds(5),
        // A lease on a blob lasts 15 seconds at least.
        LeaseInterval = this.Management == "table" ? this.Held : TimeSpan.FromSeconds(15),
        LeaseRenewInterval = TimeSpan.FromMilliseconds(500),
        LeaseAcquireInterval = TimeSpan.FromMilliseconds(500),
    };
}
