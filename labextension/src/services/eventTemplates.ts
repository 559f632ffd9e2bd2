/**
 * What triggers put around their data, one sample each, to start an event from.
 *
 * Shapes: AWS Lambda Developer Guide, "Invoking Lambda with events from other AWS services"; names, ids and data are made up.
 */

export interface IEventTemplate {
  id: string;
  title: string;
  event: unknown;
}

const REGION = 'us-east-1';
const ACCOUNT = '000000000000';
const TIME = '2026-11-25T12:04:31.402Z';
const EPOCH_MS = 1795608271402;

function arn(service: string, resource: string): string {
  return `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
}

function http(method: string, path: string, domain: string, route: string): object {
  return {
    accountId: ACCOUNT,
    apiId: 'a1b2c3d4e5',
    domainName: domain,
    domainPrefix: domain.split('.')[0],
    http: {
      method,
      path,
      protocol: 'HTTP/1.1',
      sourceIp: '192.0.2.1',
      userAgent: 'curl/8.5.0'
    },
    requestId: 'JKJaXmPLvHcESHA=',
    routeKey: route,
    stage: '$default',
    time: '25/Nov/2026:12:04:31 +0000',
    timeEpoch: EPOCH_MS
  };
}

export const EVENT_TEMPLATES: readonly IEventTemplate[] = [
  {
    id: 'api-gateway-v2',
    title: 'API Gateway, HTTP API (2.0)',
    event: {
      version: '2.0',
      routeKey: 'POST /pictures',
      rawPath: '/pictures',
      rawQueryString: 'side=640',
      cookies: ['session=abc'],
      headers: {
        accept: '*/*',
        'content-type': 'application/json',
        host: 'a1b2c3d4e5.execute-api.us-east-1.amazonaws.com'
      },
      queryStringParameters: { side: '640' },
      requestContext: http(
        'POST',
        '/pictures',
        'a1b2c3d4e5.execute-api.us-east-1.amazonaws.com',
        'POST /pictures'
      ),
      body: '{"name": "harbour"}',
      isBase64Encoded: false
    }
  },
  {
    id: 'function-url',
    title: 'Function URL',
    event: {
      version: '2.0',
      routeKey: '$default',
      rawPath: '/',
      rawQueryString: 'side=640',
      headers: {
        accept: '*/*',
        host: 'a1b2c3d4e5.lambda-url.us-east-1.on.aws',
        'user-agent': 'curl/8.5.0'
      },
      queryStringParameters: { side: '640' },
      requestContext: http(
        'GET',
        '/',
        'a1b2c3d4e5.lambda-url.us-east-1.on.aws',
        '$default'
      ),
      isBase64Encoded: false
    }
  },
  {
    id: 's3-put',
    title: 'S3, object created',
    event: {
      Records: [
        {
          eventVersion: '2.1',
          eventSource: 'aws:s3',
          awsRegion: REGION,
          eventTime: TIME,
          eventName: 'ObjectCreated:Put',
          userIdentity: { principalId: 'EXAMPLE' },
          requestParameters: { sourceIPAddress: '192.0.2.1' },
          responseElements: {
            'x-amz-request-id': 'EXAMPLE123456789',
            'x-amz-id-2': 'EXAMPLE123/abcdefghijklmnopqrstuvwxyz'
          },
          s3: {
            s3SchemaVersion: '1.0',
            configurationId: 'pictures',
            bucket: {
              name: 'pictures',
              ownerIdentity: { principalId: 'EXAMPLE' },
              arn: 'arn:aws:s3:::pictures'
            },
            object: {
              key: 'harbour/613.jpg',
              size: 77900,
              eTag: '0123456789abcdef0123456789abcdef',
              sequencer: '0A1B2C3D4E5F678901'
            }
          }
        }
      ]
    }
  },
  {
    id: 'sqs',
    title: 'SQS, one message',
    event: {
      Records: [
        {
          messageId: '19dd0b57-b21e-4ac1-bd88-01bbb068cb78',
          receiptHandle: 'MessageReceiptHandle',
          body: '{"side": 640}',
          attributes: {
            ApproximateReceiveCount: '1',
            SentTimestamp: String(EPOCH_MS),
            SenderId: 'AIDAEXAMPLE',
            ApproximateFirstReceiveTimestamp: String(EPOCH_MS + 1)
          },
          messageAttributes: {},
          md5OfBody: 'e4e68fb7bd0e697a0ae8f1bb342846b3',
          eventSource: 'aws:sqs',
          eventSourceARN: arn('sqs', 'pictures'),
          awsRegion: REGION
        }
      ]
    }
  },
  {
    id: 'sns',
    title: 'SNS, one notification',
    event: {
      Records: [
        {
          EventVersion: '1.0',
          EventSubscriptionArn: arn('sns', 'pictures:2bcfbf39-05c3-41de-beaa-fcfcc21c8f55'),
          EventSource: 'aws:sns',
          Sns: {
            Type: 'Notification',
            MessageId: '95df01b4-ee98-5cb9-9903-4c221d41eb5e',
            TopicArn: arn('sns', 'pictures'),
            Subject: 'New picture',
            Message: '{"side": 640}',
            Timestamp: TIME,
            SignatureVersion: '1',
            Signature: 'EXAMPLE',
            SigningCertUrl: 'EXAMPLE',
            UnsubscribeUrl: 'EXAMPLE',
            MessageAttributes: { kind: { Type: 'String', Value: 'harbour' } }
          }
        }
      ]
    }
  },
  {
    id: 'eventbridge',
    title: 'EventBridge, one event',
    event: {
      version: '0',
      id: '7bf73129-1428-4cd3-a780-95db273d1602',
      'detail-type': 'Picture uploaded',
      source: 'com.example.pictures',
      account: ACCOUNT,
      time: '2026-11-25T12:04:31Z',
      region: REGION,
      resources: [],
      detail: { key: 'harbour/613.jpg', side: 640 }
    }
  },
  {
    id: 'scheduled',
    title: 'Schedule (EventBridge rule)',
    event: {
      version: '0',
      id: '53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa',
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: ACCOUNT,
      time: '2026-11-25T12:00:00Z',
      region: REGION,
      resources: [arn('events', 'rule/nightly-report')],
      detail: {}
    }
  },
  {
    id: 'dynamodb',
    title: 'DynamoDB stream, insert and modify',
    event: {
      Records: [
        {
          eventID: '1',
          eventVersion: '1.1',
          eventName: 'INSERT',
          eventSource: 'aws:dynamodb',
          awsRegion: REGION,
          dynamodb: {
            ApproximateCreationDateTime: 1795608271,
            Keys: { id: { N: '101' } },
            NewImage: { id: { N: '101' }, side: { N: '640' } },
            SequenceNumber: '111',
            SizeBytes: 26,
            StreamViewType: 'NEW_AND_OLD_IMAGES'
          },
          eventSourceARN: arn('dynamodb', 'table/pictures/stream/2026-11-25T12:00:00.000')
        },
        {
          eventID: '2',
          eventVersion: '1.1',
          eventName: 'MODIFY',
          eventSource: 'aws:dynamodb',
          awsRegion: REGION,
          dynamodb: {
            ApproximateCreationDateTime: 1795608272,
            Keys: { id: { N: '101' } },
            NewImage: { id: { N: '101' }, side: { N: '320' } },
            OldImage: { id: { N: '101' }, side: { N: '640' } },
            SequenceNumber: '222',
            SizeBytes: 59,
            StreamViewType: 'NEW_AND_OLD_IMAGES'
          },
          eventSourceARN: arn('dynamodb', 'table/pictures/stream/2026-11-25T12:00:00.000')
        }
      ]
    }
  },
  {
    id: 'kinesis',
    title: 'Kinesis, one record',
    event: {
      Records: [
        {
          kinesis: {
            kinesisSchemaVersion: '1.0',
            partitionKey: 'harbour',
            sequenceNumber: '49590338271490256608559692538361571095921575989136588898',
            data: 'eyJzaWRlIjogNjQwfQ==',
            approximateArrivalTimestamp: 1795608271.402
          },
          eventSource: 'aws:kinesis',
          eventVersion: '1.0',
          eventID: 'shardId-000000000006:49590338271490256608559692538361571095921575989136588898',
          eventName: 'aws:kinesis:record',
          invokeIdentityArn: 'arn:aws:iam::000000000000:role/lambda',
          awsRegion: REGION,
          eventSourceARN: arn('kinesis', 'stream/pictures')
        }
      ]
    }
  },
  {
    id: 'cloudwatch-logs',
    title: 'CloudWatch Logs, two lines (gzip)',
    event: {
      awslogs: {
        data: 'H4sIAAAAAAACA3WPT4uDQAzFv0oZehSmI9hlexM6lYUtC+pNZJlqKgPqSDLdsit+96Zd+u/QnJKXlx8vo+iAyDSQ/w4gVmId5/H3VmdZnGgRCHfsAVlePBTLrWsSdIeBN9IcSbam29VGIpD9g/995hFMx4ZwES6lUjKMZDH/jHOd5WW0VxXb6LCjCu3gres3tvWAJFaFAETHXXnh6B/o/Vkeha0ZB+f5o1Z87i1n96bjGOrtPboFDK4/sb3QafqVlrO9RfKzqz4Fz7TwBU29oBFUrq/vuHI6AW4jkn1IAQAA'
      }
    }
  }
];

/** A template as it stands in the editor. */
export function templateText(template: IEventTemplate): string {
  return JSON.stringify(template.event, null, 2);
}
