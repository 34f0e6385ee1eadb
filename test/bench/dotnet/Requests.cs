using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using DurableTask.AzureStorage;

namespace DotnetBench;

/// <summary>
/// Counts every attempt at a storage request, as the service bills them, and tells of the rows that are written, so that
/// nobody has to look for the end of an instance.
/// </summary>
sealed class Requests : HttpPipelineSynchronousPolicy
{
    long count;

    public long Count => Interlocked.Read(ref this.count);

    public Action<string> OnInstanceRow { get; set; } = _ => { };

    public void Reset() => Interlocked.Exchange(ref this.count, 0);

    public override void OnSendingRequest(HttpMessage message) => Interlocked.Increment(ref this.count);

    public override void OnReceivedResponse(HttpMessage message)
    {
        var method = message.Request.Method.Method;
        if (method is not ("PUT" or "MERGE" or "PATCH")) return;
        var path = message.Request.Uri.Path;
        var at = path.IndexOf("Instances(PartitionKey='", StringComparison.Ordinal);
        if (at < 0) return;
        var key = path[(at + "Instances(PartitionKey='".Length)..];
        this.OnInstanceRow(Uri.UnescapeDataString(key[..key.IndexOf('\'')]));
    }

    public StorageAccountClientProvider ProviderOf(string connectionString) => new(
        new Counted<BlobServiceClient, BlobClientOptions>(StorageServiceClientProvider.ForBlob(connectionString), this),
        new Counted<QueueServiceClient, QueueClientOptions>(StorageServiceClientProvider.ForQueue(connectionString), this),
        new Counted<TableServiceClient, TableClientOptions>(StorageServiceClientProvider.ForTable(connectionString), this));

    sealed class Counted<TClient, TOptions>(IStorageServiceClientProvider<TClient, TOptions> provider, Requests requests)
        : IStorageServiceClientProvider<TClient, TOptions>
        where TClient : class
        where TOptions : ClientOptions
    {
        public TOptions CreateOptions()
        {
            var options = provider.CreateOptions();
            options.AddPolicy(requests, HttpPipelinePosition.PerRetry);
            return options;
        }

        public TClient CreateClient(TOptions options) => provider.CreateClient(options);
    }
}
